/*
 * main.c - the program.
 */
#include "base/banned.h"

#include "cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
