// The one way an error leaves C++: an Error with the Python exception it becomes.
#pragma once

#include <exception>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>

namespace wengert {

// `index_out_of_range`: an element of an index tensor is out of range, which PyTorch calls an IndexError or a RuntimeError, by
// the operator and by the path it takes: the exception is both.
enum class ErrorKind { runtime, index, type, value, overflow, not_implemented, index_out_of_range };

class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}
  ErrorKind kind() const { return kind_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  ErrorKind kind_;
  std::string message_;
};

namespace detail {
template <class Part>
void put(std::ostream& out, const Part& part) {
  if constexpr (std::is_invocable_v<const Part&>)
    out << part();
  else
    out << part;
}
}  // namespace detail

// The parts one after the other. A part that takes work to make may be a function of no arguments: checks call it only when
// they fail.
template <class... Parts>
std::string str(const Parts&... parts) {
  std::ostringstream out;
  (detail::put(out, parts), ...);
  return out.str();
}

// Cold and out of line at every call site, so that checks cost one branch.
template <class... Parts>
[[noreturn, gnu::cold, gnu::noinline]] void fail(ErrorKind kind, const Parts&... parts) {
  throw Error(kind, str(parts...));
}

template <class... Parts>
void check(bool ok, const Parts&... parts) {
  if (!ok) [[unlikely]]
    fail(ErrorKind::runtime, parts...);
}

template <class... Parts>
void check_index(bool ok, const Parts&... parts) {
  if (!ok) [[unlikely]]
    fail(ErrorKind::index, parts...);
}

template <class... Parts>
void check_type(bool ok, const Parts&... parts) {
  if (!ok) [[unlikely]]
    fail(ErrorKind::type, parts...);
}

template <class... Parts>
void check_value(bool ok, const Parts&... parts) {
  if (!ok) [[unlikely]]
    fail(ErrorKind::value, parts...);
}

}  // namespace wengert
