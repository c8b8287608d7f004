#include "forbid.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <pthread.h>
#include <stdexcept>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace {

// What a forbidden thread did, or how a child failed, where the parent can read it.
char* reason = nullptr;
constexpr std::size_t kReason = 256;

// A thread's own flag must not be allocated on first use.
__attribute__((tls_model("initial-exec"))) thread_local bool forbidden = false;

// No system call, no allocation.
[[noreturn]] void caught(const char* what) {
  if (reason != nullptr) std::strncpy(reason, what, kReason - 1);
  __builtin_trap();
}

void look(const char* what) {
  if (forbidden) caught(what);
}

void on_system_call(int, siginfo_t* info, void*) {
  std::array<char, 32> text{"system call "};
  std::size_t at = std::strlen(text.data());
  int number = info->si_syscall, unit = 1;
  while (number / unit >= 10) unit *= 10;
  for (; unit > 0; unit /= 10) text[at++] = static_cast<char>('0' + number / unit % 10);
  caught(text.data());
}

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

// glibc's own allocator and locks behind ours.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t n) { return look("malloc"), __libc_malloc(n); }
void* calloc(std::size_t n, std::size_t size) { return look("calloc"), __libc_calloc(n, size); }
void* realloc(void* p, std::size_t n) { return look("realloc"), __libc_realloc(p, n); }
void* memalign(std::size_t align, std::size_t n) { return look("memalign"), __libc_memalign(align, n); }
void* aligned_alloc(std::size_t align, std::size_t n) {
  return look("aligned_alloc"), __libc_memalign(align, n);
}
int posix_memalign(void** p, std::size_t align, std::size_t n) {
  look("posix_memalign");
  *p = __libc_memalign(align, n);
  return *p == nullptr ? ENOMEM : 0;
}
void free(void* p) { look("free"), __libc_free(p); }

int pthread_mutex_lock(pthread_mutex_t* m) {
  look("pthread_mutex_lock");
  static const auto next = real<int(pthread_mutex_t*)>("pthread_mutex_lock");
  return next(m);
}
int pthread_spin_lock(pthread_spinlock_t* l) {
  look("pthread_spin_lock");
  static const auto next = real<int(pthread_spinlock_t*)>("pthread_spin_lock");
  return next(l);
}
int pthread_rwlock_rdlock(pthread_rwlock_t* l) {
  look("pthread_rwlock_rdlock");
  static const auto next = real<int(pthread_rwlock_t*)>("pthread_rwlock_rdlock");
  return next(l);
}
int pthread_rwlock_wrlock(pthread_rwlock_t* l) {
  look("pthread_rwlock_wrlock");
  static const auto next = real<int(pthread_rwlock_t*)>("pthread_rwlock_wrlock");
  return next(l);
}
}

namespace steelyard::test {

void forbid_this_thread() {
  struct sigaction action {};
  action.sa_sigaction = on_system_call;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSYS, &action, nullptr);
  std::array<sock_filter, 4> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 0,
               1),  // the kernel preempts with signals of its own
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
  }};
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
    caught("no seccomp here");
  forbidden = true;
}

std::string in_child(const std::function<void()>& body) {
  void* page = mmap(nullptr, kReason, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) throw std::runtime_error("no memory to share with a child");
  reason = static_cast<char*>(page);
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    // Catch2's handlers would report the child's end as this program's.
    for (const int signal : {SIGILL, SIGSEGV, SIGABRT, SIGFPE, SIGTERM}) std::signal(signal, SIG_DFL);
    try {
      body();
      _exit(0);
    } catch (const std::exception& e) {
      std::snprintf(reason, kReason, "exception: %s", e.what());
    }
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::string why = reason;
  if (why.empty() && WIFSIGNALED(status)) why = "signal " + std::to_string(WTERMSIG(status));
  if (why.empty() && status != 0) why = "exit code " + std::to_string(WEXITSTATUS(status));
  munmap(page, kReason);
  reason = nullptr;
  return why;
}

}  // namespace steelyard::test
