/* Loaded into the daemon by LD_PRELOAD: syncing a file hangs while the folder of the run has a file "hang", as on a disk that is away. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
