/* A stand-in for microdnf where none is packaged: the few options that are used, handed to the real libdnf. */
#include <libdnf/libdnf.h>
#include <stdio.h>
#include <string.h>

static int failed(GError *error) {
    fprintf(stderr, "error: %s\n", error ? error->message : "unknown");
    return 1;
}

int main(int argc, char **argv) {
    GError *error = NULL;
    DnfContext *context = dnf_context_new();
    gboolean test = FALSE, keep = FALSE;
    int first = 0;
    for (int i = 1; i < argc && !first; i++) {
        if (strcmp(argv[i], "install") == 0) {
            first = i + 1;
        } else if (strncmp(argv[i], "--setopt=", 9) == 0) {
            char **pair = g_strsplit(argv[i] + 9, "=", 2);
            if (strchr(pair[0], '.')) {
                if (!dnf_conf_add_setopt(pair[0], DNF_CONF_COMMANDLINE, pair[1], &error)) return failed(error);
            } else if (strcmp(pair[0], "tsflags") == 0) {
                test = strcmp(pair[1], "test") == 0;
            } else if (strcmp(pair[0], "keepcache") == 0) {
                keep = pair[1][0] == '1';
            } else if (strcmp(pair[0], "install_weak_deps") == 0) {
                dnf_context_set_install_weak_deps(pair[1][0] == '1');
            } else if (strcmp(pair[0], "cachedir") == 0) {
                dnf_context_set_cache_dir(context, g_build_path("/", pair[1], "metadata", NULL));
                dnf_context_set_solv_dir(context, g_build_path("/", pair[1], "solv", NULL));
                dnf_context_set_lock_dir(context, g_build_path("/", pair[1], "lock", NULL));
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
        if (!dnf_context_install(context, argv[i], &error)) return failed(error);
    if (!dnf_goal_depsolve(dnf_context_get_goal(context), DNF_INSTALL, &error)) return failed(error);
    GPtrArray *coming = dnf_goal_get_packages(dnf_context_get_goal(context), DNF_PACKAGE_INFO_INSTALL, -1);
    printf(" %-15s %4d packages\n", "Installing:", coming->len);
    if (!dnf_context_run(context, NULL, &error)) return failed(error);
    puts("Complete.");
    return 0;
}
