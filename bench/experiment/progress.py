"""Says where a run is and how long is left: a line that is written over on a terminal, a line for each job in a log."""
import sys
import time

GUESSED_RATE = 3000  # connections a second, until there is something to go by
FIXED = 2000  # what a job costs beside its connections, in connections


def duration(seconds):
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


class Progress:
    def __init__(self, jobs, stream=sys.stderr, clock=time.monotonic):
        self.stream, self.clock = stream, clock
        self.count, self.done = len(jobs), 0
        self.to_do = sum(self.weight(job) for job in jobs)
        self.did, self.began = 0, clock()
        self.job, self.job_began = None, clock()

    @staticmethod
    def weight(job):
        return job.connections + FIXED

    def left(self):
        """Seconds, by what was reached so far."""
        spent = self.job_began - self.began
        rate = self.did / spent if self.did and spent > 0 else GUESSED_RATE
        return max(0.0, (self.to_do - self.did) / rate - (self.clock() - self.job_began))

    def begin(self, job):
        self.job, self.job_began = job, self.clock()
        self.show()

    def show(self):
        if self.job and self.stream.isatty():
            self.stream.write(f"\r\033[K[{self.done + 1}/{self.count}] {self.job} ... "
                              f"{self.clock() - self.job_began:.0f} s; {duration(self.left())} left")
            self.stream.flush()

    def end(self, what):
        self.done += 1
        self.did += self.weight(self.job)
        job, self.job, self.job_began = self.job, None, self.clock()
        clear = "\r\033[K" if self.stream.isatty() else ""
        left = f"; {duration(self.left())} left" if self.done < self.count else ""
        self.stream.write(f"{clear}[{self.done}/{self.count}] {job}: {what}{left}\n")
        self.stream.flush()
