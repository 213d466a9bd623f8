/*
 * What the native programs of the comparison in memory share: clocks, and rounds that are asked for.
 *
 * A line `CASE MILLISECONDS` on the input is one round; it is answered by `COUNT OCTETS CODED CPU WALL`: how
 * much was done, octets before and after coding, and the processor time and the time of what is measured, in
 * microseconds. What only prepares it is not measured.
 */
#ifndef ROUNDS_H
#define ROUNDS_H

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What was done in one round. */
typedef struct {
  uint64_t count;
  uint64_t octets;
  uint64_t coded;
  double cpu_micros;
  double wall_micros;
} tally;

static double micros(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static void watch_start(tally *sum) {
  sum->cpu_micros -= micros(CLOCK_PROCESS_CPUTIME_ID);
  sum->wall_micros -= micros(CLOCK_MONOTONIC);
}

static void watch_stop(tally *sum) {
  sum->wall_micros += micros(CLOCK_MONOTONIC);
  sum->cpu_micros += micros(CLOCK_PROCESS_CPUTIME_ID);
}

/* Ends the program, which is how a round fails. */
static void fail(const char *why) {
  printf("failed: %s\n", why);
  exit(1);
}

static void expect(int holds, const char *why) {
  if (!holds) fail(why);
}

/* Serves rounds: `pass` does a case once, adds to `sum`, and is called until enough time is measured. */
static int serve_rounds(void (*pass)(char **words, int count, tally *sum)) {
  char line[256];
  setvbuf(stdout, NULL, _IOLBF, 0);
  /* Memory that a turn frees is kept for the next one, and not given back to the system each time. */
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_MMAP_THRESHOLD, 256 << 20);
  puts("ready");
  while (fgets(line, sizeof line, stdin) != NULL) {
    char *words[8];
    int count = 0;
    for (char *word = strtok(line, " \n"); word != NULL && count < 8; word = strtok(NULL, " \n")) {
      words[count++] = word;
    }
    expect(count >= 2, "a case and a time are needed");
    double enough = atof(words[count - 1]) * 1e3;
    tally sum = {0};
    do pass(words, count - 1, &sum);
    while (sum.wall_micros < enough);
    printf("%llu %llu %llu %.1f %.1f\n", (unsigned long long)sum.count, (unsigned long long)sum.octets,
           (unsigned long long)sum.coded, sum.cpu_micros, sum.wall_micros);
  }
  return 0;
}

#endif
