/*
 * Field lists and recorded blocks, as `codec_corpora.ts` writes them. `NV` is the library's struct of a field.
 */
#ifndef CORPUS_H
#define CORPUS_H

#include "rounds.h"

#define MAX_LISTS 4096
#define MAX_FIELDS 32
/* Lists that are made at once, and then encoded: what a turn of a busy server has. */
#define BATCH 200
/* Blocks after which the table is settled. */
#define SETTLING 40

typedef struct {
  NV fields[MAX_FIELDS];
  size_t count;
  size_t octets;
} list;

typedef struct {
  list *lists;
  size_t count;
  size_t octets;
} corpus;

typedef struct {
  uint8_t *bytes;
  size_t size;
} record;

typedef struct {
  record *records;
  size_t count;
} recording;

static const char *corpus_folder;

static uint8_t *read_file(const char *name, size_t *size) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", corpus_folder, name);
  FILE *file = fopen(path, "rb");
  expect(file != NULL, "a file of the corpora is not there");
  fseek(file, 0, SEEK_END);
  *size = ftell(file);
  rewind(file);
  uint8_t *bytes = malloc(*size + 1);
  expect(fread(bytes, 1, *size, file) == *size, "a file of the corpora cannot be read");
  fclose(file);
  return bytes;
}

/* A file that was read, by its name; programs read each once. */
typedef struct {
  char name[64];
  corpus lists;
  recording blocks;
} known_file;

static known_file known[32];
static int known_count;

static known_file *known_as(const char *name, int *is_new) {
  for (int i = 0; i < known_count; i++) {
    if (strcmp(known[i].name, name) == 0) {
      *is_new = 0;
      return &known[i];
    }
  }
  expect(known_count < 32, "there are too many files");
  *is_new = 1;
  snprintf(known[known_count].name, sizeof known[0].name, "%s", name);
  return &known[known_count++];
}

/* Reads lists: a line for each field, name and value parted by a tab, and an empty line after each list. */
static corpus *read_lists(const char *kind) {
  char name[64];
  snprintf(name, sizeof name, "%s.txt", kind);
  int is_new;
  known_file *file = known_as(name, &is_new);
  corpus *all = &file->lists;
  if (!is_new) return all;
  size_t size;
  uint8_t *at = read_file(name, &size);
  uint8_t *end = at + size;
  all->lists = calloc(MAX_LISTS, sizeof(list));
  while (at < end) {
    expect(all->count < MAX_LISTS, "there are too many lists");
    list *one = &all->lists[all->count++];
    while (*at != '\n') {
      NV *field = &one->fields[one->count++];
      uint8_t *tab = memchr(at, '\t', end - at);
      uint8_t *line = memchr(tab, '\n', end - tab);
      field->name = at;
      field->namelen = tab - at;
      field->value = tab + 1;
      field->valuelen = line - tab - 1;
      one->octets += field->namelen + field->valuelen;
      at = line + 1;
    }
    all->octets += one->octets;
    at++;
  }
  return all;
}

/* Reads records: each has its size before it, in four octets, the lowest first. */
static recording *read_recording(const char *name) {
  int is_new;
  known_file *file = known_as(name, &is_new);
  recording *all = &file->blocks;
  if (!is_new) return all;
  size_t size;
  uint8_t *at = read_file(name, &size);
  uint8_t *end = at + size;
  all->records = calloc(2 * MAX_LISTS, sizeof(record));
  while (at < end) {
    record *one = &all->records[all->count++];
    one->size = at[0] | at[1] << 8 | at[2] << 16 | (size_t)at[3] << 24;
    one->bytes = at + 4;
    at += 4 + one->size;
  }
  return all;
}

static list fresh_lists[BATCH];
static uint8_t *fresh_bytes;

/* Copies some lists into new memory, as an application that has just made them would have them. */
static list *make_fresh(const corpus *all, size_t from, size_t count) {
  size_t size = 0;
  for (size_t i = 0; i < count; i++) size += all->lists[from + i].octets;
  free(fresh_bytes);
  uint8_t *at = fresh_bytes = malloc(size);
  for (size_t i = 0; i < count; i++) {
    fresh_lists[i] = all->lists[from + i];
    for (size_t j = 0; j < fresh_lists[i].count; j++) {
      NV *field = &fresh_lists[i].fields[j];
      field->name = memcpy(at, field->name, field->namelen);
      at += field->namelen;
      field->value = memcpy(at, field->value, field->valuelen);
      at += field->valuelen;
    }
  }
  return fresh_lists;
}

#endif
