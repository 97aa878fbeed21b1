/* A stand-in for microdnf where none is packaged: the few options that are used, handed to the real libdnf. */
#include <libdnf/libdnf.h>
#include <stdio.h>
#include <string.h>

static int failed(GError *error) {
    fprintf(stderr, "error: %s\n", error ? error->message : "unknown");
    return 1;
}

/* A setting of every source; Debian 11's library has none: there the sources' own files must say the same. */
#if LIBDNF_MAJOR_VERSION == 0 && LIBDNF_MINOR_VERSION < 60
#define SET_OPTION(key, value, error) TRUE
#else
#define SET_OPTION(key, value, error) dnf_conf_add_setopt(key, DNF_CONF_COMMANDLINE, value, error)
#endif

static void keep_below(DnfContext *context, const char *folder) {
    dnf_context_set_cache_dir(context, g_build_path("/", folder, "metadata", NULL));
    dnf_context_set_solv_dir(context, g_build_path("/", folder, "solv", NULL));
    dnf_context_set_lock_dir(context, g_build_path("/", folder, "lock", NULL));
}

int main(int argc, char **argv) {
    GError *error = NULL;
    DnfContext *context = dnf_context_new();
    keep_below(context, "/var/cache/yum");
    gboolean test = FALSE, keep = FALSE;
    int first = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "install") == 0) {
            first = i + 1;
        } else if (strcmp(argv[i], "clean") == 0) {
            return 0;  /* nothing of the metadata is worth a second look at it */
        } else if (strncmp(argv[i], "--setopt=", 9) == 0) {
            char **pair = g_strsplit(argv[i] + 9, "=", 2);
            if (strchr(pair[0], '.')) {
                if (!SET_OPTION(pair[0], pair[1], &error)) return failed(error);
            } else if (strcmp(pair[0], "tsflags") == 0) {
                test = strcmp(pair[1], "test") == 0;
            } else if (strcmp(pair[0], "keepcache") == 0) {
                keep = pair[1][0] == '1';
            } else if (strcmp(pair[0], "install_weak_deps") == 0) {
                dnf_context_set_install_weak_deps(pair[1][0] == '1');
            } else if (strcmp(pair[0], "cachedir") == 0) {
                keep_below(context, pair[1]);
            } else {
                fprintf(stderr, "error: Unable to handle: %s\n", argv[i]);
                return 1;
            }
        }
    }
    dnf_context_set_check_disk_space(context, FALSE);
    dnf_context_set_check_transaction(context, TRUE);
    if (!dnf_context_setup(context, NULL, &error)) return failed(error);
    DnfTransaction *transaction = dnf_context_get_transaction(context);
    dnf_context_set_keep_cache(context, keep);
    int flags = DNF_TRANSACTION_FLAG_ALLOW_DOWNGRADE;
    dnf_transaction_set_flags(transaction, test ? flags | DNF_TRANSACTION_FLAG_TEST : flags);
    dnf_transaction_set_dont_solve_goal(transaction, TRUE);
    for (int i = first; i < argc; i++)
        if (argv[i][0] != '-' && !dnf_context_install(context, argv[i], &error)) return failed(error);
    if (!dnf_goal_depsolve(dnf_context_get_goal(context), DNF_INSTALL, &error)) return failed(error);
    GPtrArray *coming = dnf_goal_get_packages(dnf_context_get_goal(context), DNF_PACKAGE_INFO_INSTALL, -1);
    printf(" %-15s %4d packages\n", "Installing:", coming->len);
    if (!dnf_context_run(context, NULL, &error)) return failed(error);
    puts("Complete.");
    return 0;
}
