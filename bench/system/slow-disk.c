/* Makes a disk of one millisecond out of any: each fdatasync and fsync waits that much longer. For LD_PRELOAD. */
#include <dlfcn.h>
#include <unistd.h>
static int later(const char *name, int fd) { usleep(1000); return ((int (*)(int))dlsym(RTLD_NEXT, name))(fd); }
int fdatasync(int fd) { return later("fdatasync", fd); }
int fsync(int fd) { return later("fsync", fd); }
