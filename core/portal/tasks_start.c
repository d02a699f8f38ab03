/*
 * tasks_start.c - registers the tasks part of the portal.
 */
#include "base/banned.h"

#include "portal/portal.h"
#include "portal/tasks.h"

void portal_tasks_start(void)
{
    tasks_list_start();
    tasks_page_start();
    tasks_panel_start();
    tasks_rest_start();
}
