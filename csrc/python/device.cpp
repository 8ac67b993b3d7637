#include "python/device.h"

#include <pybind11/operators.h>

#include "core/error.h"

namespace py = pybind11;

namespace wengert::python {

Device::Device(const std::string& text) : type(text.substr(0, text.find(':'))) {
  check(type == "cpu", "wengert computes on the CPU only; device '", text, "' does not exist, use 'cpu'");
  if (const auto colon = text.find(':'); colon != std::string::npos) {
    const std::string digits = text.substr(colon + 1);
    check(!digits.empty() && digits.size() < 6 && digits.find_first_not_of("0123456789") == std::string::npos,
          "Invalid device string: '", text, "'");
    index = std::stoi(digits);
  }
}

std::string Device::repr() const {
  return "device(type='" + type + "'" + (index >= 0 ? ", index=" + std::to_string(index) : "") + ")";
}

bool is_cpu(PyObject* object) {
  if (PyUnicode_Check(object))
    Device(py::cast<std::string>(object));
  else
    return py::isinstance<Device>(object);
  return true;
}

bool is_strided(PyObject* object) { return py::isinstance<Layout>(object); }

const char* dense_format(PyObject* object) {
  if (!py::isinstance<MemoryFormat>(object)) return nullptr;
  const auto& name = py::cast<const MemoryFormat&>(py::handle(object)).name;
  check(name == "contiguous_format" || name == "preserve_format", "memory_format torch.", name,
        " is not covered; torch.contiguous_format is");
  return name.c_str();
}

void add_device(py::module_& module) {
  py::class_<Device>(module, "device", "The device of a tensor: always the CPU.")
      .def(py::init<const std::string&>(), py::arg("device"))
      .def(py::init([](const std::string& type, int index) {
             Device device(type);
             device.index = index;
             return device;
           }),
           py::arg("type"), py::arg("index"))
      .def_property_readonly("type", [](const Device& d) { return d.type; })
      .def_property_readonly(
          "index", [](const Device& d) -> py::object { return d.index < 0 ? py::none() : py::object(py::int_(d.index)); })
      .def("__repr__", &Device::repr)
      .def("__str__", [](const Device& d) { return d.type + (d.index >= 0 ? ":" + std::to_string(d.index) : ""); })
      .def("__reduce__",
           [](const Device& d) -> py::tuple {
             py::tuple arguments = py::make_tuple(d.type);
             if (d.index >= 0) arguments = py::make_tuple(d.type, d.index);
             return py::make_tuple(py::type::of<Device>(), arguments);
           })
      .def("__hash__", [](const Device& d) { return std::hash<std::string>()(d.type) + static_cast<std::size_t>(d.index); })
      .def(py::self == py::self);
  const auto repr = [](const auto& value) { return "torch." + value.name; };
  py::class_<Layout>(module, "layout", "How elements lie in memory: strided.").def("__repr__", [repr](const Layout& l) {
    return repr(l);
  });
  py::class_<MemoryFormat>(module, "memory_format", "The order of the dimensions of a new dense tensor.")
      .def("__repr__", [repr](const MemoryFormat& f) { return repr(f); });
  module.attr("strided") = Layout{"strided"};
  for (const char* name : {"contiguous_format", "preserve_format", "channels_last", "channels_last_3d"})
    module.attr(name) = MemoryFormat{name};
}

}  // namespace wengert::python
