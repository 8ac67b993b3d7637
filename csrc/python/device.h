// device, layout and memory_format: names that PyTorch programs pass around. There is one device, the CPU.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

namespace wengert::python {

struct Device {
  std::string type;
  int index = -1;                            // none
  explicit Device(const std::string& text);  // "cpu", "cpu:0"; RuntimeError for another
  std::string repr() const;
  bool operator==(const Device&) const = default;
};

struct Layout {
  std::string name;
};
struct MemoryFormat {
  std::string name;
};

// Each raises for a device, layout or format that exists in PyTorch but not here; false or null for another kind of object.
bool is_cpu(PyObject* object);
bool is_strided(PyObject* object);
const char* dense_format(PyObject* object);  // its name

void add_device(pybind11::module_& module);

}  // namespace wengert::python
