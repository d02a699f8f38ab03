/*
 * new_abi.c - a module that was compiled against a later header than its
 * manifest says: the struct that it registers is longer than this host's.
 */
#include <tenon/tenon.h>

struct later_menu {
    tn_menu menu;
    const char *what_1_0_does_not_have;
};

static int start(tn_module *self)
{
    struct later_menu later = { .menu = { .size = sizeof later,
                                          .title = "new_abi.title",
                                          .path = "/m/new_abi" } };

    return tn_host_table->add->menu(self, &later.menu);
}

TN_MODULE(start)
