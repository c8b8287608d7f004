// stop_thread TID: stops one thread, and none of the others of its process, as a debugger would. Says
// "stopped"; the thread goes on when this program ends.
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include <sys/ptrace.h>
#include <sys/wait.h>

int main(int argc, char** argv) {
  const pid_t thread = argc == 2 ? std::atoi(argv[1]) : 0;
  if (thread <= 0) return 2;
  int status = 0;
  if (ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0 ||
      ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) != 0 || waitpid(thread, &status, __WALL) != thread) {
    std::perror("stop_thread");
    return 1;
  }
  std::puts("stopped");
  std::fflush(stdout);
  while (true) pause();
}
