// Memory shared through DLPack, both ways, with and without a version (dmlc.github.io/dlpack, ABI 1.0).
#include <memory>

#include "python/python.h"

namespace wengert::python {
namespace {

// The structures of the standard.
struct DLDevice {
  std::int32_t type;  // 1: the CPU
  std::int32_t id;
};
struct DLDataType {
  std::uint8_t code;
  std::uint8_t bits;
  std::uint16_t lanes;
};
struct DLTensor {
  void* data;
  DLDevice device;
  std::int32_t ndim;
  DLDataType dtype;
  std::int64_t* shape;
  std::int64_t* strides;  // in elements; null: row-major
  std::uint64_t byte_offset;
};
struct Managed {
  DLTensor tensor;
  void* context;
  void (*deleter)(Managed*);
};
struct ManagedVersioned {
  std::uint32_t major, minor;
  void* context;
  void (*deleter)(ManagedVersioned*);
  std::uint64_t flags;
  DLTensor tensor;
};
constexpr std::int32_t kCpu = 1;
constexpr std::uint64_t kReadOnly = 1, kCopied = 2;
enum Code : std::uint8_t { kInt = 0, kUnsigned = 1, kFloat = 2, kBool = 6 };

DLDataType data_type(DType dtype) {
  const Code code = dtype == DType::boolean ? kBool : is_floating(dtype) ? kFloat : info(dtype).is_signed ? kInt : kUnsigned;
  return {code, static_cast<std::uint8_t>(8 * itemsize(dtype)), 1};
}

[[noreturn, gnu::cold]] void refuse(const std::string& why) {
  PyErr_SetString(PyExc_BufferError, why.c_str());
  throw PythonError();
}

DType dtype_of_data(DLDataType type) {
  for (int i = 0; i < kDTypes; ++i) {
    const DLDataType ours = data_type(static_cast<DType>(i));
    if (ours.code == type.code && ours.bits == type.bits && type.lanes == 1) return static_cast<DType>(i);
  }
  refuse(str("from_dlpack(): no dtype for DLPack's type code ", static_cast<int>(type.code), " of ",
             static_cast<int>(type.bits), " bits and ", type.lanes, " lanes"));
}

// What an exported structure points into.
template <class M>
struct Export {
  M managed;
  Tensor tensor;
  Dims shape, strides;
};

template <class M>
void fill(Export<M>& out, const Tensor& tensor) {
  out.tensor = tensor;
  out.shape = tensor.sizes();
  out.strides = tensor.strides();
  out.managed.context = &out;
  out.managed.deleter = [](M* managed) { delete static_cast<Export<M>*>(managed->context); };
  DLTensor& t = out.managed.tensor;
  t = {tensor.data(), {kCpu, 0}, tensor.dim(), data_type(tensor.dtype()), out.shape.data(), out.strides.data(), 0};
}

// A capsule that nobody took gives its memory back.
template <class M>
void drop(PyObject* capsule, const char* name) {
  if (!PyCapsule_IsValid(capsule, name)) return;
  auto* managed = static_cast<M*>(PyCapsule_GetPointer(capsule, name));
  managed->deleter(managed);
}

template <class M>
PyObject* capsule_of(std::unique_ptr<Export<M>> out, const char* name, PyCapsule_Destructor destructor) {
  PyObject* capsule = PyCapsule_New(&out->managed, name, destructor);
  if (capsule) out.release();
  return capsule;
}

constexpr const char *kName = "dltensor", *kVersionedName = "dltensor_versioned";

PyObject* to_dlpack(const Tensor& tensor, bool versioned, bool copied) {
  if (versioned) {
    auto out = std::make_unique<Export<ManagedVersioned>>();
    fill(*out, tensor);
    out->managed.major = 1;
    out->managed.minor = 0;
    out->managed.flags = (tensor.writable() ? 0 : kReadOnly) | (copied ? kCopied : 0);
    return capsule_of(std::move(out), kVersionedName,
                      [](PyObject* capsule) { drop<ManagedVersioned>(capsule, kVersionedName); });
  }
  if (!tensor.writable()) refuse("DLPack before version 1.0 cannot say that memory is read-only");
  auto out = std::make_unique<Export<Managed>>();
  fill(*out, tensor);
  return capsule_of(std::move(out), kName, [](PyObject* capsule) { drop<Managed>(capsule, kName); });
}

template <class M>
void release(void* managed) {
  auto* owned = static_cast<M*>(managed);
  if (!owned->deleter) return;
  const PyGILState_STATE state = PyGILState_Ensure();  // the deleter may be Python's
  owned->deleter(owned);
  PyGILState_Release(state);
}

template <class M>
Tensor take(PyObject* capsule, const char* name, const char* used_name, bool read_only) {
  auto* managed = static_cast<M*>(PyCapsule_GetPointer(capsule, name));
  if (!managed) throw PythonError();
  const DLTensor& t = managed->tensor;
  if (t.device.type != kCpu) refuse(str("from_dlpack(): the memory is on a device of type ", t.device.type, ", not the CPU"));
  const DType dtype = dtype_of_data(t.dtype);
  Dims sizes(t.ndim);
  for (int i = 0; i < t.ndim; ++i) sizes[i] = t.shape[i];
  Dims strides = contiguous_strides(sizes);
  for (int i = 0; t.strides && i < t.ndim; ++i) strides[i] = t.strides[i];
  const std::int64_t bytes =
      checked_numel(sizes, static_cast<std::int64_t>(itemsize(dtype))) * static_cast<std::int64_t>(itemsize(dtype));
  char* data = static_cast<char*>(t.data) + t.byte_offset;
  if (reinterpret_cast<std::uintptr_t>(data) % itemsize(dtype) != 0)
    refuse("from_dlpack(): the memory is not aligned to its elements");
  const StorageRef storage(new_foreign_storage(data, static_cast<std::size_t>(bytes), read_only, release<M>, managed));
  // From here on the storage gives the memory back, no longer the capsule.
  if (PyCapsule_SetName(capsule, used_name) < 0 || PyCapsule_SetDestructor(capsule, nullptr) < 0) throw PythonError();
  return Tensor(storage, data, dtype, sizes, strides);
}

Tensor from_capsule(PyObject* capsule) {
  if (PyCapsule_IsValid(capsule, kVersionedName)) {
    const auto* managed = static_cast<ManagedVersioned*>(PyCapsule_GetPointer(capsule, kVersionedName));
    if (managed->major != 1) refuse(str("from_dlpack(): DLPack ", managed->major, ".x is not covered; 1.x is"));
    return take<ManagedVersioned>(capsule, kVersionedName, "used_dltensor_versioned", managed->flags & kReadOnly);
  }
  check_value(PyCapsule_IsValid(capsule, kName), "from_dlpack(): the capsule holds no DLPack tensor, or it was taken before");
  return take<Managed>(capsule, kName, "used_dltensor", false);
}

}  // namespace

void add_dlpack(PyObject* module) {
  namespace py = pybind11;
  auto m = py::reinterpret_borrow<py::module_>(module);
  m.def(
      "to_dlpack",
      [](const Tensor& tensor, bool versioned, bool copied) {
        PyObject* capsule = to_dlpack(tensor, versioned, copied);
        if (!capsule) throw py::error_already_set();
        return py::reinterpret_steal<py::object>(capsule);
      },
      py::arg("tensor"), py::arg("versioned") = false, py::arg("copied") = false, "A capsule that shares the tensor's memory.");
  m.def(
      "from_dlpack_capsule", [](const py::object& capsule) { return from_capsule(capsule.ptr()); }, py::arg("capsule"),
      "A tensor that shares the memory of a capsule, which is used up.");
}

}  // namespace wengert::python
