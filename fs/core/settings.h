/* How the mount shall be, as the command line says (options.h). */
#ifndef LASFS_SETTINGS_H
#define LASFS_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum options_command { COMMAND_MOUNT, COMMAND_UNMOUNT, COMMAND_HELP, COMMAND_VERSION };

/* What can be chosen, in the order of the table's words. */
enum list_mode { LIST_NAMES, LIST_IDS, LIST_DROPS };
enum other_mode { OTHER_REFUSE, OTHER_LOCAL };
enum complete_mode { COMPLETE_WARN, COMPLETE_REFUSE, COMPLETE_OFF };

enum dedupe_mode { DEDUPE_OFF, DEDUPE_CONTENT };

struct options {
    enum options_command command;
    char *mountpoint;
    bool foreground;
    bool no_wait; /* with COMMAND_UNMOUNT */
    bool debug;
    bool sandbox;
    bool seed_demo;    /* of a sandbox that has nothing yet */
    char *sandbox_dir; /* NULL: the default */
    char *state_dir;   /* NULL: by endpoint and client id */
    char *profile, *cacert, *scratch;
    char *credentials; /* NULL: the SDK's file */
    char *log_file;    /* NULL: none */
    char *trace;       /* NULL: none */
    int log_level;     /* enum log_level: the least urgent lines that are written */
    int list;          /* enum list_mode: how a listing shows what was not made here */
    int other;         /* enum other_mode: what happens to files that are no documents */
    int complete;      /* enum complete_mode: and to documents that were cut off */
    int dedupe;        /* enum dedupe_mode: what happens to bytes that the folder has already */
    bool ro, nodelete, allow_other, xattr, nonempty;
    bool writeback; /* a close() is answered once its bytes are on disk here */
    bool no_xattr;  /* says what is so anyway */
    int64_t meta_ttl_ms, list_ttl_ms, timeout_ms, settle_ms, unsure_ms;
    int64_t cache_bytes, content_bytes;
    int64_t max_conns, workers, readahead;
    double max_rps;
    uid_t uid;
    gid_t gid;
    mode_t umask;
};

#endif
