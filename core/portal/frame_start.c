/*
 * frame_start.c - registers the frame's routes and menu entries.
 */
#include "base/banned.h"

#include "portal/portal.h"

#include "plugin/plugin.h"
#include "portal/frame.h"
#include "web/request.h"
#include "web/router.h"

void portal_frame_start(void)
{
    static const struct menu_entry home = {
        .area = "main",
        .key = "frame.home",
        .path = "/",
        .icon = "home",
        .order = 0,
    };

    web_start();
    plugin_page_with(portal_page);
    route_absent_with(plugin_absent);
    menu_add(&home);
    frame_home_start();
    frame_ask_start();
    frame_sign_in_start();
    frame_link_start();
    frame_me_start();
    frame_messages_start();
    frame_jobs_start();
    frame_tokens_start();
    search_page_start();
    openapi_start();
}
