/* The command line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "options.h"

#include <cmocka.h>

#include "banned.h"

static int parse(struct options *o, const char *const *args)
{
    static char program[] = "lasfs";
    char *argv[16] = { program };
    int argc = 1;

    while (args[argc - 1]) {
        argv[argc] = (char *)(uintptr_t)args[argc - 1];
        argc++;
    }
    return options_parse(argc, argv, o);
}

static void options_have_defaults(void **state)
{
    struct options o;

    (void)state;
    assert_int_equal(parse(&o, (const char *[]){ "/mnt", NULL }), 0);
    assert_int_equal(o.command, COMMAND_MOUNT);
    assert_string_equal(o.mountpoint, "/mnt");
    assert_int_equal(o.list, LIST_NAMES);
    assert_false(o.xattr);
    assert_int_equal(o.complete, COMPLETE_WARN);
    assert_int_equal(o.meta_ttl_ms, 30000);
    assert_int_equal(o.list_ttl_ms, 10000);
    assert_int_equal(o.timeout_ms, 30000);
    assert_int_equal(o.cache_bytes, 256 << 20);
    assert_int_equal(o.content_bytes, 1 << 30);
    assert_int_equal(o.max_conns, 32);
    assert_true(o.max_rps == 0);
    assert_int_equal(o.umask, 077);
    assert_int_equal(o.uid, getuid());
    assert_false(o.foreground || o.ro || o.nodelete || o.allow_other || o.other || o.sandbox);
    options_release(&o);
}

static void options_are_taken_one_by_one_and_together(void **state)
{
    struct options o;

    (void)state;
    assert_int_equal(parse(&o, (const char *[]){ "-f", "-o", "ro,nodelete,uid=7,gid=8,umask=022",
                                                 "-ometa_ttl=0.5", "-o", "content_cache=2K", "-o",
                                                 "other=local", "-o", "max_rps=2.5", "m", NULL }),
                     0);
    assert_true(o.foreground && o.ro && o.nodelete);
    assert_int_equal(o.other, OTHER_LOCAL);
    assert_int_equal(o.uid, 7);
    assert_int_equal(o.gid, 8);
    assert_int_equal(o.umask, 022);
    assert_int_equal(o.meta_ttl_ms, 500);
    assert_int_equal(o.content_bytes, 2048);
    assert_true(o.max_rps == 2.5);
    assert_string_equal(o.mountpoint, "m");
    options_release(&o);
}

static void options_may_stand_by_themselves_and_have_units(void **state)
{
    struct options o;

    (void)state;
    assert_int_equal(parse(&o, (const char *[]){ "--list-ttl=500ms", "--meta_ttl", "2m", "--ro",
                                                 "-p", "work", "--cache-size=1GB", "-o",
                                                 "timeout=30s", "--list", "ids", "m", NULL }),
                     0);
    assert_int_equal(o.list_ttl_ms, 500);
    assert_int_equal(o.meta_ttl_ms, 120000);
    assert_int_equal(o.timeout_ms, 30000);
    assert_int_equal(o.cache_bytes, 1 << 30);
    assert_int_equal(o.list, LIST_IDS);
    assert_string_equal(o.profile, "work");
    assert_true(o.ro);
    options_release(&o);
}

/* As mount(8) calls its helpers: SOURCE MOUNTPOINT -o what is in fstab. */
static void options_take_what_mount_hands_on(void **state)
{
    static const struct {
        const char *source, *more, *profile;
    } cases[] = {
        { "none", "rw", NULL },
        { "lasfs", "rw,nosuid,nodev,_netdev,nofail,user,x-systemd.automount", NULL },
        { "work", "defaults,noauto,relatime,comment=scans", "work" },
        { "lasfs:work", "rw,dev,suid,exec,sloppy", "work" },
        { "work", "rw,profile=home", "home" },
        { "/somewhere/work", "rw", "work" },
        { "/here/none", "rw", NULL },
    };
    struct options o;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s %s\n", cases[i].source, cases[i].more);
        assert_int_equal(
            parse(&o, (const char *[]){ cases[i].source, "/mnt", "-o", cases[i].more, NULL }), 0);
        assert_string_equal(o.mountpoint, "/mnt");
        if (cases[i].profile)
            assert_string_equal(o.profile, cases[i].profile);
        else
            assert_null(o.profile);
        options_release(&o);
    }
}

static void options_have_commands(void **state)
{
    static const struct {
        const char *args[4];
        enum options_command command;
    } cases[] = {
        { { "--help" }, COMMAND_HELP },
        { { "-h" }, COMMAND_HELP },
        { { "--version" }, COMMAND_VERSION },
        { { "--unmount", "m" }, COMMAND_UNMOUNT },
        { { "-u", "m" }, COMMAND_UNMOUNT },
        { { "--sandbox=/dir", "m" }, COMMAND_MOUNT },
        { { "--no-wait", "-u", "m" }, COMMAND_UNMOUNT },
    };
    struct options o;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].args[0]);
        assert_int_equal(parse(&o, cases[i].args), 0);
        assert_int_equal(o.command, cases[i].command);
        if (o.sandbox)
            assert_string_equal(o.sandbox_dir, "/dir");
        options_release(&o);
    }
}

static void options_refuse_what_they_do_not_know(void **state)
{
    static const char *const cases[][4] = {
        { "m", "-o", "nothing" },
        { "m", "--nothing" },
        { "m", "-x" },
        { "a", "m", "other" },
        { "m", "-o", "ro=1" },
        { "m", "-o", "uid" },
        { "m", "-o", "uid=x" },
        { "m", "-o", "uid=-1" },
        { "m", "-o", "umask=8" },
        { "m", "-o", "umask=1777" },
        { "m", "-o", "meta_ttl=" },
        { "m", "-o", "meta_ttl=-1" },
        { "m", "-o", "meta_ttl=nan" },
        { "m", "-o", "list=nothing" },
        { "m", "-o", "other=x" },
        { "m", "-o", "max_conns=0" },
        { "m", "-o", "cache_size=1X" },
        { "m", "-o", "state=" },
        { "m", "-o", "max_rps=-1" },
        { "m", "-o", "timeout=0" },
        { "m", "-o", "timeout=0s" },
        { "m", "-o", "meta_ttl=5x" },
        { "m", "--list=nothing" },
        { "m", "--list-ttl" },
        { "m", "--ro=1" },
        { "m", "-p" },
        { "-o", "ro" },
        { "--unmount" },
        { "--no-wait", "m" },
    };
    struct options o;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s %s %s\n", cases[i][0], cases[i][1] ? cases[i][1] : "",
                      cases[i][1] && cases[i][2] ? cases[i][2] : "");
        assert_int_equal(parse(&o, cases[i]), -EINVAL);
        options_release(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_have_defaults),
        cmocka_unit_test(options_are_taken_one_by_one_and_together),
        cmocka_unit_test(options_may_stand_by_themselves_and_have_units),
        cmocka_unit_test(options_take_what_mount_hands_on),
        cmocka_unit_test(options_have_commands),
        cmocka_unit_test(options_refuse_what_they_do_not_know),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
