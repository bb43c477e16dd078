#include "os/posix_inode.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <new>

#include "os/file.h"
#include "os/posix_calls.h"

namespace perlite::os {
namespace {

constexpr std::size_t kBuckets = 256;

struct Table {
  base::Mutex mutex;
  Inode* buckets[kBuckets] = {};
};

// Rebuilt in place by a forked child: what the parent had there is its own, and no lock of it holds here.
alignas(Table) unsigned char table_storage[sizeof(Table)];
std::atomic<std::uint32_t> generation{0};
pthread_once_t table_once = PTHREAD_ONCE_INIT;

Table& table_memory() noexcept { return *std::launder(reinterpret_cast<Table*>(table_storage)); }

void start_child() {
  ::new (static_cast<void*>(table_storage)) Table;
  generation.fetch_add(1, std::memory_order_relaxed);
}

void start_table() {
  ::new (static_cast<void*>(table_storage)) Table;
  pthread_atfork(nullptr, nullptr, start_child);
}

Table& table() noexcept {
  pthread_once(&table_once, start_table);
  return table_memory();
}

Inode*& bucket_of(Table& table, dev_t device, ino_t number) noexcept {
  return table.buckets[(static_cast<std::size_t>(number) * 31 + static_cast<std::size_t>(device)) % kBuckets];
}

Inode* find(Table& table, dev_t device, ino_t number) noexcept {
  Inode* inode = bucket_of(table, device, number);
  while (inode != nullptr && (inode->number != number || inode->device != device)) inode = inode->next;
  return inode;
}

}  // namespace

std::uint32_t process_generation() noexcept {
  table();
  return generation.load(std::memory_order_relaxed);
}

Inode* acquire_inode(int fd, int* error) noexcept {
  struct stat info;
  *error = 0;
  if (calls::fstat(fd, &info) != 0) {
    *error = errno;
    return nullptr;
  }
  Table& all = table();
  const base::MutexGuard guard(all.mutex);
  Inode* inode = find(all, info.st_dev, info.st_ino);
  if (inode != nullptr) {
    ++inode->references;
    return inode;
  }
  void* memory = base::Allocator::try_allocate(sizeof(Inode));
  if (memory == nullptr) return nullptr;
  inode = ::new (memory) Inode{};
  inode->device = info.st_dev;
  inode->number = info.st_ino;
  inode->references = 1;
  inode->generation = process_generation();
  Inode*& bucket = bucket_of(all, info.st_dev, info.st_ino);
  inode->next = bucket;
  bucket = inode;
  return inode;
}

void release_inode(Inode* inode) noexcept {
  if (inode->generation != process_generation()) return;  // the parent's, and its memory with it
  Table& all = table();
  {
    const base::MutexGuard guard(all.mutex);
    if (--inode->references > 0) return;
    Inode** link = &bucket_of(all, inode->device, inode->number);
    while (*link != inode) link = &(*link)->next;
    *link = inode->next;
  }
  close_parked(*inode);
  delete inode->companion;
  inode->~Inode();
  base::Allocator::release(inode);
}

void close_or_park(Inode& inode, int fd, ParkedDescriptor* parked) noexcept {
  if (inode.generation == process_generation()) {
    const base::MutexGuard guard(inode.mutex);
    if (inode.held_count > 0) {
      parked->fd = fd;
      parked->next = inode.parked;
      inode.parked = parked;
      return;
    }
  }
  calls::close_file(fd);
  base::Allocator::release(parked);
}

void close_parked(Inode& inode) noexcept {
  while (inode.parked != nullptr) {
    ParkedDescriptor* const one = inode.parked;
    inode.parked = one->next;
    calls::close_file(one->fd);
    base::Allocator::release(one);
  }
}

ParkedDescriptor* take_parked(const char* path, int open_flags) noexcept {
  struct stat info;
  Table& all = table();
  {
    const base::MutexGuard guard(all.mutex);
    bool any = false;
    for (const Inode* bucket : all.buckets) any = any || bucket != nullptr;
    if (!any) return nullptr;
  }
  if (calls::stat(path, &info) != 0) return nullptr;
  const base::MutexGuard guard(all.mutex);
  Inode* inode = find(all, info.st_dev, info.st_ino);
  if (inode == nullptr) return nullptr;
  const base::MutexGuard inode_guard(inode->mutex);
  for (ParkedDescriptor** link = &inode->parked; *link != nullptr; link = &(*link)->next) {
    ParkedDescriptor* const one = *link;
    if (one->open_flags != open_flags) continue;
    *link = one->next;
    return one;
  }
  return nullptr;
}

}  // namespace perlite::os
