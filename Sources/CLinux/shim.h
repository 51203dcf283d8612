#pragma once
// What the kernel offers and Swift's Glibc module leaves out.
#include <malloc.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

// Names the calling thread; the kernel keeps 15 bytes. prctl is variadic, which Swift cannot call.
static inline int clinux_set_thread_name(const char *name) { return prctl(PR_SET_NAME, name, 0, 0, 0); }

// Open file description locks, which fcntl.h names for _GNU_SOURCE only. Source: the kernel's asm-generic/fcntl.h.
enum { CLINUX_F_OFD_GETLK = 36, CLINUX_F_OFD_SETLK = 37 };
