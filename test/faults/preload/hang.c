/*
 * Loaded into the daemon by LD_PRELOAD, for a disk that is away: syncing a file hangs while the folder of the run has a file "hang", and opening one
 * below a folder "disk-that-hangs" always does.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int open_by(const char *name, const char *path, int flags, int mode) {
  int (*original)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, name);
  while (strstr(path, "/disk-that-hangs/") != NULL) usleep(20000);
  return original(path, flags, mode);
}

#define HANGING_OPEN(NAME)                                        \
  int NAME(const char *path, int flags, ...) {                    \
    va_list rest;                                                 \
    va_start(rest, flags);                                        \
    int mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, int) : 0; \
    va_end(rest);                                                 \
    return open_by(#NAME, path, flags, mode);                     \
  }

HANGING_OPEN(open)
HANGING_OPEN(open64)

int fdatasync(int descriptor) {
  static int (*original)(int);
  char mark[4096];
  const char *folder = getenv("FAULTS_FOLDER");
  if (original == NULL) original = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  if (folder != NULL && snprintf(mark, sizeof mark, "%s/hang", folder) < (int)sizeof mark) {
    while (access(mark, F_OK) == 0) usleep(20000);
  }
  return original(descriptor);
}
