/*
 * Counts the calls with which the programs of a host change files, and makes one of them fail. For tests, on Linux with glibc:
 *   cc -shared -fPIC -O1 -o fault-points.so fault-points.c, then LD_PRELOAD it into the shell that a client talks to.
 *
 * FAULT_ROOT     only what lies at or below this folder (a physical path) counts
 * FAULT_COUNTER  a file of 4096 bytes that all processes of a run share: the calls so far, and whether the host is dead
 * FAULT_AT       the number of the call that is hit; 0 or nothing: none, only count
 * FAULT_MODE     kill-before, kill-after: the process group of the caller, before or after the call was made
 *                crash-before, crash-after: every process that has the same FAULT_COUNTER, as when a host dies
 *                ENOSPC, EIO, EACCES, EROFS: the call is not made, and says so
 * FAULT_LOG      a file that gets `number call path` of each
 *
 * Words through a fifo change no file: they count, since to die there matters, but no error is given to them.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NO_REPLACE 1U /* RENAME_NOREPLACE, by its value: its header clashes with others in older libraries */

struct shared {
  unsigned calls;
  unsigned dead;
};

static struct shared *shared;
static const char *root, *mode, *counter;
static size_t root_length;
static unsigned at;
static int log_fd = -1, injected;

static void die(void);

__attribute__((constructor)) static void begin(void) {
  counter = getenv("FAULT_COUNTER");
  root = getenv("FAULT_ROOT");
  if (!counter || !root) return;
  int fd = syscall(SYS_openat, AT_FDCWD, counter, O_RDWR | O_CLOEXEC, 0);
  if (fd < 0) return;
  void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  syscall(SYS_close, fd);
  if (map == MAP_FAILED) return;
  /* The environment may be changed by the program later on. */
  root = strdup(root);
  counter = strdup(counter);
  root_length = strlen(root);
  mode = strdup(getenv("FAULT_MODE") ? getenv("FAULT_MODE") : "");
  at = getenv("FAULT_AT") ? (unsigned)atoi(getenv("FAULT_AT")) : 0;
  injected = !strcmp(mode, "ENOSPC") ? ENOSPC : !strcmp(mode, "EIO") ? EIO : !strcmp(mode, "EACCES") ? EACCES : !strcmp(mode, "EROFS") ? EROFS : 0;
  /* A number far from those that scripts use, which closes with exec and opens again in the next program. */
  const char *log = getenv("FAULT_LOG");
  if (log) {
    int low = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (low >= 0 && (log_fd = fcntl(low, F_DUPFD_CLOEXEC, 200)) >= 0) syscall(SYS_close, low);
  }
  shared = map;
  if (shared->dead) die();
}

/* --- whom it hits --------------------------------------------------------------------------------------------- */

/* Its environment may hold the whole agent, which the first command on a host brings along; one variable can be 128 KiB. */
static int shares_our_host(const char *pid) {
  static char environment[1 << 19], wanted[PATH_MAX + 16];
  char path[NAME_MAX + 32];
  snprintf(path, sizeof path, "/proc/%s/environ", pid);
  int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return 0;
  ssize_t length = 0, more;
  while ((more = read(fd, environment + length, sizeof environment - 1 - length)) > 0) length += more;
  syscall(SYS_close, fd);
  size_t wanted_length = snprintf(wanted, sizeof wanted, "FAULT_COUNTER=%s", counter) + 1;
  return length > 0 && memmem(environment, length, wanted, wanted_length) != NULL;
}

/* Whoever starts meanwhile sees that the host is dead, and ends; two rounds meet those that were between fork and exec. */
static void crash(void) {
  shared->dead = 1;
  for (int round = 0; round < 2; round++) {
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    while (processes && (entry = readdir(processes)))
      if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && atoi(entry->d_name) != getpid() && shares_our_host(entry->d_name))
        kill(atoi(entry->d_name), SIGKILL);
    if (processes) closedir(processes);
  }
  die();
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

static void end_group(void) {
  if (!strncmp(mode, "crash", 5)) crash();
  kill(0, SIGKILL);
  for (;;) pause();
}

enum { GO_ON, FAIL, DIE_AFTER };

static int hit(const char *call, const char *path, int through_fifo) {
  if (shared->dead) die();
  unsigned number = __sync_add_and_fetch(&shared->calls, 1);
  if (log_fd >= 0) {
    char line[PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%u %s%s %s\n", number, through_fifo ? "fifo-" : "", call, path);
    syscall(SYS_write, log_fd, line, length);
  }
  if (at == 0 || number != at) return GO_ON;
  if (injected) {
    if (through_fifo) return GO_ON;
    errno = injected;
    return FAIL;
  }
  size_t length = strlen(mode);
  if (length > 6 && !strcmp(mode + length - 6, "before")) end_group();
  return length > 5 && !strcmp(mode + length - 5, "after") ? DIE_AFTER : GO_ON;
}

/* --- what counts: `resolved` holds the physical path of what is at hand ------------------------------------------ */

static __thread char resolved[PATH_MAX * 2];

static int below_root(void) {
  return !strncmp(resolved, root, root_length) && (resolved[root_length] == 0 || resolved[root_length] == '/');
}

static int of_link(const char *link) {
  ssize_t length = readlink(link, resolved, PATH_MAX - 1);
  if (length <= 0) return 0;
  resolved[length] = 0;
  return 1;
}

static int of_path(int dir, const char *path) {
  if (!shared || !path) return 0;
  if (path[0] == '/') snprintf(resolved, sizeof resolved, "%s", path);
  else {
    char link[64] = "/proc/self/cwd";
    if (dir != AT_FDCWD) snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
    if (!of_link(link)) return 0;
    size_t length = strlen(resolved);
    snprintf(resolved + length, sizeof resolved - length, "/%s", path);
  }
  return below_root();
}

/* A descriptor of something below the root: 1 for what is stored, 2 for a fifo, 0 for what does not count. */
static int of_fd(int fd) {
  struct stat info;
  char link[64];
  if (!shared || fd < 0 || fstat(fd, &info) != 0 || S_ISCHR(info.st_mode) || S_ISSOCK(info.st_mode)) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  if (!of_link(link) || !below_root()) return 0;
  return S_ISFIFO(info.st_mode) ? 2 : 1;
}

static int is_there(int dir, const char *path) {
  struct stat info;
  return fstatat(dir, path, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

/* --- the calls --------------------------------------------------------------------------------------------------- */

#define REAL(type, name, ...)          \
  static type (*real)(__VA_ARGS__);    \
  if (!real) real = dlsym(RTLD_NEXT, name)

#define PASS(type, name, path, fifo, call, failure) \
  switch (hit(name, path, fifo)) {                  \
    case FAIL: return failure;                      \
    case DIE_AFTER: {                               \
      type done = (call);                           \
      (void)done;                                   \
      end_group();                                  \
    }                                               \
  }                                                 \
  return (call)

/* A call that changes what a path names. Where it cannot change anything (what is to be made is there, what is to go is not)
   the kernel says so before all else, and it does not count. */
#define ON_PATH(name, parameters, arguments, dir, path, effective)             \
  int name parameters {                                                        \
    REAL(int, #name, TYPES parameters);                                        \
    if (!of_path(dir, path) || !(effective)) return real arguments;            \
    PASS(int, #name, resolved, 0, real arguments, -1);                         \
  }
/* The parameters' names in a function type are harmless. */
#define TYPES(...) __VA_ARGS__

ON_PATH(rename, (const char *a, const char *b), (a, b), AT_FDCWD, b, 1)
ON_PATH(renameat, (int x, const char *a, int y, const char *b), (x, a, y, b), y, b, 1)
ON_PATH(renameat2, (int x, const char *a, int y, const char *b, unsigned flags), (x, a, y, b, flags), y, b, !(flags & NO_REPLACE) || !is_there(y, b))
ON_PATH(symlink, (const char *a, const char *b), (a, b), AT_FDCWD, b, !is_there(AT_FDCWD, b))
ON_PATH(symlinkat, (const char *a, int y, const char *b), (a, y, b), y, b, !is_there(y, b))
ON_PATH(link, (const char *a, const char *b), (a, b), AT_FDCWD, b, !is_there(AT_FDCWD, b))
ON_PATH(linkat, (int x, const char *a, int y, const char *b, int flags), (x, a, y, b, flags), y, b, !is_there(y, b))
ON_PATH(unlink, (const char *path), (path), AT_FDCWD, path, is_there(AT_FDCWD, path))
ON_PATH(unlinkat, (int dir, const char *path, int flags), (dir, path, flags), dir, path, is_there(dir, path))
ON_PATH(remove, (const char *path), (path), AT_FDCWD, path, is_there(AT_FDCWD, path))
ON_PATH(rmdir, (const char *path), (path), AT_FDCWD, path, is_there(AT_FDCWD, path))
ON_PATH(mkdir, (const char *path, mode_t bits), (path, bits), AT_FDCWD, path, !is_there(AT_FDCWD, path))
ON_PATH(mkdirat, (int dir, const char *path, mode_t bits), (dir, path, bits), dir, path, !is_there(dir, path))
ON_PATH(mkfifo, (const char *path, mode_t bits), (path, bits), AT_FDCWD, path, !is_there(AT_FDCWD, path))
ON_PATH(mkfifoat, (int dir, const char *path, mode_t bits), (dir, path, bits), dir, path, !is_there(dir, path))
ON_PATH(mknod, (const char *path, mode_t bits, dev_t device), (path, bits, device), AT_FDCWD, path, !is_there(AT_FDCWD, path))
ON_PATH(mknodat, (int dir, const char *path, mode_t bits, dev_t device), (dir, path, bits, device), dir, path, !is_there(dir, path))
ON_PATH(chmod, (const char *path, mode_t bits), (path, bits), AT_FDCWD, path, 1)
ON_PATH(fchmodat, (int dir, const char *path, mode_t bits, int flags), (dir, path, bits, flags), dir, path, 1)
ON_PATH(truncate, (const char *path, off_t length), (path, length), AT_FDCWD, path, 1)

/* A call that changes, or makes durable, what a descriptor holds. */
#define ON_FD(type, name, parameters, arguments, fd)           \
  type name parameters {                                       \
    REAL(type, #name, TYPES parameters);                       \
    int kind = of_fd(fd);                                      \
    if (!kind) return real arguments;                          \
    PASS(type, #name, resolved, kind == 2, real arguments, -1); \
  }

ON_FD(ssize_t, write, (int fd, const void *bytes, size_t count), (fd, bytes, count), fd)
ON_FD(int, fsync, (int fd), (fd), fd)
ON_FD(int, fdatasync, (int fd), (fd), fd)
ON_FD(int, syncfs, (int fd), (fd), fd)
ON_FD(int, ftruncate, (int fd, off_t length), (fd, length), fd)
ON_FD(int, ftruncate64, (int fd, off64_t length), (fd, length), fd)
ON_FD(int, fchmod, (int fd, mode_t bits), (fd, bits), fd)
ON_FD(int, futimens, (int fd, const struct timespec times[2]), (fd, times), fd)
ON_FD(ssize_t, copy_file_range, (int in, off64_t *from, int out, off64_t *to, size_t count, unsigned flags), (in, from, out, to, count, flags), out)

int utimensat(int dir, const char *path, const struct timespec times[2], int flags) {
  REAL(int, "utimensat", int, const char *, const struct timespec *, int);
  const char *volatile named = path; /* declared as never null, yet futimens of old libraries passes it so */
  if (!(named ? of_path(dir, path) : of_fd(dir))) return real(dir, path, times, flags);
  PASS(int, "utimensat", resolved, 0, real(dir, path, times, flags), -1);
}

#define FICLONE_REQUEST 0x40049409UL
int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  void *argument = va_arg(list, void *);
  va_end(list);
  REAL(int, "ioctl", int, unsigned long, void *);
  if (request != FICLONE_REQUEST || !of_fd(fd)) return real(fd, request, argument);
  PASS(int, "ficlone", resolved, 0, real(fd, request, argument), -1);
}

/* Opening changes something where it may make a file or cut one. */
static int opens_fifo(int dir, const char *path) {
  struct stat info;
  return fstatat(dir, path, &info, 0) == 0 && S_ISFIFO(info.st_mode);
}

#define OPEN(name)                                                          \
  int name(const char *path, int flags, ...) {                              \
    va_list list;                                                           \
    va_start(list, flags);                                                  \
    mode_t bits = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0; \
    va_end(list);                                                           \
    REAL(int, #name, const char *, int, ...);                               \
    if (!(flags & (O_CREAT | O_TRUNC)) || !of_path(AT_FDCWD, path)) return real(path, flags, bits); \
    PASS(int, "open", resolved, opens_fifo(AT_FDCWD, path), real(path, flags, bits), -1); \
  }

#define OPENAT(name)                                                        \
  int name(int dir, const char *path, int flags, ...) {                     \
    va_list list;                                                           \
    va_start(list, flags);                                                  \
    mode_t bits = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0; \
    va_end(list);                                                           \
    REAL(int, #name, int, const char *, int, ...);                          \
    if (!(flags & (O_CREAT | O_TRUNC)) || !of_path(dir, path)) return real(dir, path, flags, bits); \
    PASS(int, "open", resolved, opens_fifo(dir, path), real(dir, path, flags, bits), -1); \
  }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

/* awk, sed, sort write through stdio, whose own calls cannot be met: what waits in the buffer is lost where it fails. */
#define FLUSH(name)                                           \
  int name(FILE *stream) {                                    \
    REAL(int, #name, FILE *);                                 \
    if (!stream || !shared || __fpending(stream) == 0) return real(stream); \
    int kind = of_fd(fileno(stream));                         \
    if (!kind) return real(stream);                           \
    switch (hit("write", resolved, kind == 2)) {              \
      case FAIL: {                                            \
        int why = errno;                                      \
        __fpurge(stream);                                     \
        real(stream);                                         \
        errno = why;                                          \
        return EOF;                                           \
      }                                                       \
      case DIE_AFTER:                                         \
        real(stream);                                         \
        end_group();                                          \
    }                                                         \
    return real(stream);                                      \
  }

FLUSH(fflush)
FLUSH(fflush_unlocked)
FLUSH(fclose)
