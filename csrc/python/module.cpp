// wengert._C: the table of contents of the extension, its plain functions, and the translation of errors.
#include "core/allocator.h"
#include "core/parallel.h"
#include "core/random.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/probe.h"
#include "ops/promote.h"
#include "python/autograd.h"
#include "python/device.h"
#include "python/python.h"

namespace py = pybind11;

namespace wengert::python {
namespace {

PyObject* index_out_of_range_error;  // made with the module

}  // namespace

void set_error_from_exception() noexcept {
  try {
    throw;
  } catch (const PythonError&) {
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const Error& error) {
    PyObject* types[] = {PyExc_RuntimeError,  PyExc_IndexError,          PyExc_TypeError,         PyExc_ValueError,
                         PyExc_OverflowError, PyExc_NotImplementedError, index_out_of_range_error};
    PyErr_SetString(types[static_cast<int>(error.kind())], error.what());
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_SystemError, error.what());
  }
}

namespace {

// seed as PyTorch takes it: any int from -2^63 to 2^64 - 1; negatives wrap.
std::uint64_t seed_of(const py::object& seed) {
  check(PyLong_CheckExact(seed.ptr()), "manual_seed expected a long, but got ", Py_TYPE(seed.ptr())->tp_name);
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(seed.ptr(), &overflow);
  if (!overflow) return static_cast<std::uint64_t>(value);
  const unsigned long long wide = PyLong_AsUnsignedLongLong(seed.ptr());
  if (PyErr_Occurred()) {
    PyErr_Clear();
    fail(ErrorKind::value, "Overflow when unpacking long long");
  }
  return wide;
}

void add_errors(py::module_& m) {
  index_out_of_range_error = PyErr_NewExceptionWithDoc(
      "wengert.IndexOutOfRangeError",
      "An element of an index tensor is out of range. PyTorch raises IndexError or RuntimeError there, by the operator and its "
      "path; this is both.",
      py::make_tuple(py::handle(PyExc_IndexError), py::handle(PyExc_RuntimeError)).ptr(), nullptr);
  if (!index_out_of_range_error) throw py::error_already_set();
  m.attr("IndexOutOfRangeError") = py::handle(index_out_of_range_error);
}

void add_generator(py::module_& m) {
  py::class_<Generator>(m, "Generator", "The state of a random number generator: PyTorch's CPU generator (mt19937).")
      .def(py::init([](const py::object& device) {
             check(device.is_none() || is_cpu(device.ptr()), "Generator: the device is 'cpu'");
             return new Generator();
           }),
           py::arg("device") = py::none())
      .def(
          "manual_seed",
          [](py::object self, const py::object& seed) {
            self.cast<Generator&>().manual_seed(seed_of(seed));
            return self;
          },
          py::arg("seed"), "Starts the stream of seed, an int from -2**63 to 2**64 - 1, and returns the generator.")
      .def("seed", &Generator::seed, "Seeds from the system's entropy and returns the seed.")
      .def("initial_seed", &Generator::initial_seed, "The seed of the current stream.")
      .def(
          "get_state",
          [](const Generator& self) {
            Tensor state = Tensor::empty({Generator::kStateBytes}, DType::uint8);
            self.get_state(state.data<unsigned char>());
            return state;
          },
          "The state as a uint8 tensor, in PyTorch's layout.")
      .def(
          "set_state",
          [](py::object self, const Tensor& state) {
            check_type(state.dtype() == DType::uint8, "expected a torch.ByteTensor, but got torch.", info(state.dtype()).scalar,
                       "Tensor");
            const Tensor bytes = contiguous(state);
            self.cast<Generator&>().set_state(bytes.data<unsigned char>(), static_cast<std::size_t>(bytes.numel()));
            return self;
          },
          py::arg("new_state"), "Continues from a state of get_state().")
      .def_property_readonly("device", [](const Generator&) { return Device("cpu"); });
  m.attr("default_generator") = py::cast(&default_generator(), py::return_value_policy::reference);
}

void add_memory(py::module_& m) {
  m.def(
      "memory_stats",
      [] {
        const MemoryStats s = memory_stats();
        py::dict stats;
        stats["allocated_bytes"] = s.allocated_bytes;
        stats["peak_bytes"] = s.peak_bytes;
        stats["cached_bytes"] = s.cached_bytes;
        stats["cache_limit_bytes"] = s.cache_limit_bytes;
        stats["allocations"] = s.allocations;
        stats["cache_hits"] = s.cache_hits;
        return stats;
      },
      "memory_stats() -> dict\n\nBytes in tensors in use, their peak, bytes kept for reuse and the bound on them, and how "
      "many\n"
      "blocks were handed out and came from the cache. Results of up to 64 bytes live in their tensor and are not counted.");
  m.def("empty_cache", &empty_cache, "empty_cache()\n\nGives the freed blocks that are kept for reuse back to the system.");
}

void add_dtype_functions(py::module_& m) {
  m.def("promote_types", &promote_types, py::arg("type1"), py::arg("type2"),
        "promote_types(type1, type2) -> dtype\n\nThe smallest dtype that both may be cast to, as PyTorch has it.");
  m.def("can_cast", &can_cast, py::arg("from_"), py::arg("to"),
        "can_cast(from_, to) -> bool\n\nWhether PyTorch's rules let a result of dtype from_ be written to dtype to.");
  m.def(
      "result_type",
      [](const py::object& a, const py::object& b) {
        Operand operands[2] = {Operand(Scalar()), Operand(Scalar())};
        int i = 0;
        for (const py::object& o : {a, b}) {
          if (is_tensor(o.ptr()))
            operands[i].tensor = &tensor_of(o.ptr());
          else
            check_type(as_number(o.ptr(), &operands[i].number), "result_type(): arguments must be Tensors or Numbers, not ",
                       Py_TYPE(o.ptr())->tp_name);
          ++i;
        }
        return result_type(operands);
      },
      py::arg("tensor1"), py::arg("tensor2"),
      "result_type(tensor1, tensor2) -> dtype\n\nThe dtype of an operation on two operands.");
  m.def("get_default_dtype", &default_dtype, "get_default_dtype() -> dtype\n\nThe dtype of Python floats: float32 unless set.");
  m.def("set_default_dtype", &set_default_dtype, py::arg("d"),
        "set_default_dtype(d)\n\nThe dtype of Python floats from now on.");
}

void add_machine(py::module_& m) {
  m.def("get_num_threads", &get_num_threads, "get_num_threads() -> int\n\nThreads that one operation may use.");
  m.def(
      "set_num_threads",
      [](py::object count) {
        check_type(PyLong_Check(count.ptr()), "set_num_threads expects an int, but got ", Py_TYPE(count.ptr())->tp_name);
        set_num_threads(count.cast<int>());
      },
      py::arg("int"), "set_num_threads(int)\n\nThreads that one operation may use from now on. Results do not depend on it.");
  m.def("isa", [] { return kernels().isa; }, "The instruction set in use.");
  const auto names = [](std::span<const char* const> isas) {
    py::list list;
    for (const char* isa : isas) list.append(isa);
    return list;
  };
  m.def("compiled_isas", [names] { return names(compiled_isas()); }, "The instruction sets in this build, best first.");
  m.def("supported_isas", [names] { return names(supported_isas()); }, "Of these, what this machine runs.");
  m.def("available_processors", &available_processors, "Processors that affinity and cgroup quota leave to this process.");
  m.attr("compiler") = "" __VERSION__;
  m.attr("version") = WENGERT_VERSION;
  m.def("fma_peak_gflops", &fma_peak_gflops, py::arg("dtype"), py::arg("threads"), py::arg("seconds"),
        "The measured multiply-add peak in GFLOP/s.");
  const struct {
    const char* name;
    double (*probe)(std::size_t, int, double);
    const char* doc;
  } probes[] = {
      {"read_bandwidth_gbs", &read_bandwidth_gbs, "The measured bandwidth of reading a buffer of that size, in GB/s."},
      {"copy_bandwidth_gbs", &copy_bandwidth_gbs, "That of copying one half to the other, both counted, in GB/s."}};
  for (const auto& [name, probe, doc] : probes)
    m.def(name, probe, py::arg("bytes"), py::arg("threads"), py::arg("seconds"), doc);
  m.def("add_bandwidth_gbs", &add_bandwidth_gbs, py::arg("bytes"), py::arg("threads"), py::arg("seconds"), py::arg("stream"),
        "That of c = a + b over three equal parts, all counted, in GB/s; with stream, c is written past the caches.");
}

}  // namespace
}  // namespace wengert::python

PYBIND11_MODULE(_C, m) {
  using namespace wengert;
  using namespace wengert::python;
  m.doc() = "The compiled part of wengert.";
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const Error&) {
      set_error_from_exception();
    } catch (const PythonError&) {
    }
  });
  interpreter.leave = [] { return static_cast<void*>(PyEval_SaveThread()); };
  interpreter.enter = [](void* state) { PyEval_RestoreThread(static_cast<PyThreadState*>(state)); };
  interpreter.warn = [](const char* message) {
    if (PyErr_WarnEx(PyExc_UserWarning, message, 1) < 0) throw PythonError();
  };

  kernels();  // a bad WENGERT_ISA is an error of the import
  add_errors(m);
  add_types(m.ptr());
  add_tensor_type(m.ptr());
  add_nodes(m.ptr());
  add_gradients(m.ptr());
  add_engine(m.ptr());
  add_device(m);
  add_generator(m);
  add_operators(m.ptr());
  add_dlpack(m.ptr());
  add_optimizers(m.ptr());
  add_memory(m);
  add_dtype_functions(m);
  add_machine(m);

  m.def(
      "tensor",
      [](const py::object& data, const py::object& dtype, const py::object& device, bool requires_grad, bool) {
        check(device.is_none() || is_cpu(device.ptr()), "tensor(): the device is 'cpu'");
        DType wanted;
        check_type(dtype.is_none() || as_dtype(dtype.ptr(), &wanted), "tensor(): argument 'dtype' must be torch.dtype, not ",
                   Py_TYPE(dtype.ptr())->tp_name);
        const Owned result = checked(wrap(from_data(data.ptr(), dtype.is_none() ? nullptr : &wanted)));
        if (requires_grad) {
          check(is_floating(tensor_of(result.get()).dtype()),
                "Only Tensors of floating point and complex dtype can require gradients");
          as_tensor(result.get())->flags |= kRequiresGrad;
        }
        return py::reinterpret_borrow<py::object>(result.get());
      },
      py::arg("data"), py::kw_only(), py::arg("dtype") = py::none(), py::arg("device") = py::none(),
      py::arg("requires_grad") = false, py::arg("pin_memory") = false,
      "tensor(data, *, dtype=None, device=None, requires_grad=False, pin_memory=False) -> Tensor\n\n"
      "A tensor with memory of its own from nested sequences of numbers, a NumPy array or scalar, or a tensor. The dtype is "
      "the\n"
      "data's: int64 for ints, the default dtype for floats, bool for bools, promoted where they mix. ValueError for ragged\n"
      "sequences, RuntimeError for values that dtype cannot hold.\n\n>>> wengert.tensor([[1, 2], [3, 4]])\n"
      "tensor([[1, 2],\n        [3, 4]])");
  m.def(
      "from_numpy",
      [](const py::object& array) {
        check_type(is_numpy_array(array.ptr()), "expected np.ndarray (got ", Py_TYPE(array.ptr())->tp_name, ")");
        return from_buffer(array.ptr());
      },
      py::arg("ndarray"),
      "from_numpy(ndarray) -> Tensor\n\n"
      "A tensor that shares the array's memory, negative strides included. An array that is not writable gives a tensor that\n"
      "raises RuntimeError when written to. TypeError for dtypes that do not exist here.\n\n"
      ">>> import numpy\n>>> wengert.from_numpy(numpy.arange(3)[::-1])\ntensor([2, 1, 0])");
}
