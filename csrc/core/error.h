// The one way an error leaves C++: an Error with the Python exception it becomes.
#pragma once

#include <exception>
#include <sstream>
#include <string>
#include <utility>

namespace wengert {

enum class ErrorKind { runtime, index, type, value, overflow, not_implemented };

class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}
  ErrorKind kind() const { return kind_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  ErrorKind kind_;
  std::string message_;
};

template <class... Parts>
std::string str(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
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
