// preload.mjs - the environment of a program for which a library of the build
// (tests/faults/*.c) is loaded first. The address sanitizer wants to be that.
import { join } from 'node:path';
import { build } from './server.mjs';

const sanitized = process.env.ASAN_OPTIONS;

export const preload = (library) => ({
  LD_PRELOAD: join(build, library),
  ...sanitized && { ASAN_OPTIONS: `${sanitized}:verify_asan_link_order=0` } });
