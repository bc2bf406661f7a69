#include "memory.hpp"

#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#define PAGES 1
#else
#define PAGES 0
#endif

static constexpr std::size_t LINE = 64;
static constexpr std::size_t SMALLEST = std::size_t(1) << 16, LARGEST = std::size_t(1) << 25;
static constexpr std::size_t HUGE_PAGE = std::size_t(1) << 21;  // fewer misses of the TLB

struct Memory::Piece {
  Piece* before;
  void* start;
  std::size_t bytes;
};

Memory::Memory(bool guarded) : guarded_(guarded), next_(SMALLEST) {
  if (guarded && !PAGES) throw std::runtime_error("buffers cannot be guarded on this system");
}

Memory::~Memory() {
  while (pieces_) {
    Piece* piece = pieces_;
    pieces_ = piece->before;
#if PAGES
    munmap(piece->start, piece->bytes);
#else
    std::free(piece->start);
#endif
    delete piece;
  }
}

// Fresh zeros that are given back at the end.
char* Memory::map(std::size_t bytes) {
  Piece* piece = new Piece{};
#if PAGES
  void* start = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) {
    delete piece;
    throw std::bad_alloc();
  }
#if defined(MADV_HUGEPAGE)
  if (!guarded_ && bytes >= HUGE_PAGE) madvise(start, bytes, MADV_HUGEPAGE);
#endif
#else
  void* start = std::calloc(1, bytes);
  if (!start) {
    delete piece;
    throw std::bad_alloc();
  }
#endif
  *piece = {pieces_, start, bytes};
  pieces_ = piece;
  return static_cast<char*>(start);
}

void* Memory::take(std::size_t bytes) {
  bytes = (bytes + LINE - 1) / LINE * LINE;
#if PAGES
  if (guarded_) {
    const std::size_t page = std::size_t(sysconf(_SC_PAGESIZE));
    const std::size_t inside = (bytes + page - 1) / page * page;
    char* start = map(inside + 2 * page);
    if (mprotect(start, page, PROT_NONE) || mprotect(start + page + inside, page, PROT_NONE))
      throw std::runtime_error("no more pages can be guarded");
    return start + page + inside - bytes;
  }
#endif
  // Some lines further each time, so that buffers do not all start in the same set of the cache.
  const std::size_t wanted = bytes + 5 * LINE;
  if (left_ < wanted) {
    const std::size_t fresh = wanted > next_ ? (wanted + HUGE_PAGE) : next_;
    free_ = map(fresh + LINE);
    free_ += (LINE - reinterpret_cast<std::size_t>(free_) % LINE) % LINE;
    left_ = fresh;
    next_ = next_ < LARGEST ? 2 * next_ : LARGEST;
  }
  void* taken = free_;
  free_ += wanted;
  left_ -= wanted;
  return taken;
}
