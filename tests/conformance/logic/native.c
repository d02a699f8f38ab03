/*
 * native.c - the server's side of the comparison: runs form logic line by
 * line.
 *
 * Reads "D definition" (opens a form's logic) and "R request" (runs an
 * event); answers each with one line: "= text" or "! message".
 */
#include "base/banned.h"

#include <sys/types.h>

#include "script/logic_core.h"

static void answer(const char *mark, const char *text)
{
    printf("%s ", mark);
    for (; *text; text++)
        putchar(*text == '\n' ? ' ' : *text);
    putchar('\n');
}

static void handle(struct logic_core **core, const char *line, size_t length)
{
    enum sandbox_status status;
    size_t size;

    if (line[0] == 'D') {
        logic_core_close(*core);
        status = logic_core_open(core, line + 2, length - 2);
        if (status == SANDBOX_OK)
            answer("=", "open");
        else
            answer("!", *core ? logic_core_error(*core) : "no memory");
        return;
    }
    status = logic_core_run(*core, line + 2, length - 2);
    if (status == SANDBOX_OK)
        answer("=", logic_core_output(*core, &size));
    else
        answer("!", logic_core_error(*core));
}

int main(void)
{
    struct logic_core *core = NULL;
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;

    setvbuf(stdout, NULL, _IOLBF, 0);
    while ((length = getline(&line, &capacity, stdin)) > 2) {
        if (line[length - 1] == '\n')
            length--;
        handle(&core, line, (size_t)length);
    }
    logic_core_close(core);
    free(line);
    return 0;
}
