/*
 * A disk that keeps what was synced and nothing else, preloaded into a program. Below the directory
 * LYING_DISK_ROOT every fsync and fdatasync copies the file, or the list of a directory's names,
 * into LYING_DISK_KEPT as KEY@SYNC, SYNC being how many there were: what has lower numbers is what
 * a power cut at that moment leaves. `told` there has a line for each sync: how many bytes the
 * program had written to its standard output before.
 *
 * As POSIX has it: syncing a file says nothing of its name, which the directory's sync keeps.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *root;
static const char *kept;
static long syncs;

static void fail(const char *what) {
  fprintf(stderr, "lying disk: %s: %s\n", what, strerror(errno));
  abort();
}

/* A name for what is behind `fd`; the root's is known to who reads it. */
static void key_of(int fd, char *key) {
  struct statx is;
  if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &is) != 0) fail("statx");
  struct stat top;
  if (stat(root, &top) == 0 && top.st_ino == is.stx_ino) strcpy(key, "root");
  else /* Born when: the number of a deleted file is used again. */
    sprintf(key, "%llu-%llu-%u", (unsigned long long)is.stx_ino,
            (unsigned long long)is.stx_btime.tv_sec, is.stx_btime.tv_nsec);
}

static FILE *begin(int fd) {
  char key[64], path[PATH_MAX];
  key_of(fd, key);
  snprintf(path, sizeof path, "%s/%s@%ld", kept, key, syncs);
  FILE *out = fopen(path, "w");
  if (out == NULL) fail(path);
  return out;
}

static void finish(FILE *out) {
  if (fclose(out) != 0) fail("a file could not be kept");
}

static void keep_file(int fd) {
  char block[65536];
  FILE *out = begin(fd);
  ssize_t length;
  /* By position, on the program's own descriptor: to close another one would end its locks. */
  for (off_t at = 0; (length = pread(fd, block, sizeof block, at)) > 0; at += length)
    if (fwrite(block, 1, (size_t)length, out) != (size_t)length) fail("a file");
  if (length < 0) fail("a file that is synced must be open for reading");
  finish(out);
}

/* A line for each name: f or d, key, name. */
static void keep_directory(int fd, int with_contents) {
  FILE *out = begin(fd);
  int own = openat(fd, ".", O_RDONLY | O_DIRECTORY);
  DIR *names = own < 0 ? NULL : fdopendir(own);
  if (names == NULL) fail("a directory");
  for (struct dirent *entry; (entry = readdir(names)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    struct stat is;
    if (fstatat(fd, entry->d_name, &is, AT_SYMLINK_NOFOLLOW) != 0) continue;
    int is_directory = S_ISDIR(is.st_mode);
    if (!is_directory && !S_ISREG(is.st_mode)) continue;
    char child[64];
    int one = openat(fd, entry->d_name, O_PATH);
    if (one < 0) fail(entry->d_name);
    key_of(one, child);
    close(one);
    fprintf(out, "%c %s %s\n", is_directory ? 'd' : 'f', child, entry->d_name);
    if (!with_contents) continue;
    one = openat(fd, entry->d_name, O_RDONLY);
    if (one < 0) fail(entry->d_name);
    if (is_directory) keep_directory(one, 1);
    else keep_file(one);
    close(one);
  }
  closedir(names);
  finish(out);
}

/* What is there when the program starts was synced long ago. */
__attribute__((constructor)) static void start(void) {
  root = getenv("LYING_DISK_ROOT");
  kept = getenv("LYING_DISK_KEPT");
  if (root == NULL || kept == NULL) {
    errno = EINVAL;
    fail("LYING_DISK_ROOT and LYING_DISK_KEPT are needed");
  }
  int fd = open(root, O_RDONLY | O_DIRECTORY);
  if (fd < 0) fail(root);
  keep_directory(fd, 1);
  close(fd);
}

static int is_below_root(int fd) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = '\0';
  size_t prefix = strlen(root);
  return strncmp(path, root, prefix) == 0 && (path[prefix] == '/' || path[prefix] == '\0');
}

static void keep_what_was_told(void) {
  struct stat output;
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/told", kept);
  FILE *out = fopen(path, "a");
  if (out == NULL || fstat(STDOUT_FILENO, &output) != 0) fail(path);
  fprintf(out, "%lld\n", (long long)output.st_size);
  finish(out);
}

static int synced(int fd) {
  if (!is_below_root(fd)) return 0;
  pthread_mutex_lock(&lock);
  syncs += 1;
  keep_what_was_told();
  struct stat is;
  if (fstat(fd, &is) != 0) fail("fstat");
  if (S_ISDIR(is.st_mode)) keep_directory(fd, 0);
  else keep_file(fd);
  pthread_mutex_unlock(&lock);
  return 0;
}

int fsync(int fd) { return synced(fd); }
int fdatasync(int fd) { return synced(fd); }
