// Memory for everything that a session keeps: taken when it is made, given back all at once.
#pragma once

#include <cstddef>
#include <new>

#include "index.hpp"

class Memory {
 public:
  // With `guarded`, every piece ends, up to its cache line, at a page that must not be touched, and
  // starts after another: slow and wasteful, for tests that want to see reads out of range.
  explicit Memory(bool guarded);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // Zeros, aligned to a cache line. Throws std::bad_alloc.
  void* take(std::size_t bytes);

  template <class T>
  T* array(Index count) {
    if (count < 0 || std::size_t(count) > std::size_t(-1) / 2 / sizeof(T)) throw std::bad_alloc();
    return static_cast<T*>(take(sizeof(T) * std::size_t(count)));
  }

  bool guarded() const { return guarded_; }

 private:
  struct Piece;
  Piece* pieces_ = nullptr;
  bool guarded_;
  char* free_ = nullptr;
  std::size_t left_ = 0, next_ = 0;

  char* map(std::size_t bytes);
};
