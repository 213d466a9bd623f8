/* HPACK of libnghttp2: `nghttp2_hpack FOLDER`, asked for rounds as `rounds.h` says. */
#include <nghttp2/nghttp2.h>

#define NV nghttp2_nv
#include "corpus.h"

#define TABLE_BYTES 4096

static uint8_t out[65536];

static size_t deflate_list(nghttp2_hd_deflater *deflater, const list *one) {
  ssize_t size = nghttp2_hd_deflate_hd(deflater, out, sizeof out, one->fields, one->count);
  expect(size > 0, "a list cannot be encoded");
  return size;
}

/* Decodes a block and gives the octets of its fields; compares them with `wanted`, if that is given. */
static size_t inflate_block(nghttp2_hd_inflater *inflater, const uint8_t *at, size_t left, const list *wanted) {
  size_t octets = 0;
  size_t count = 0;
  for (;;) {
    nghttp2_nv field;
    int flags = 0;
    ssize_t size = nghttp2_hd_inflate_hd2(inflater, &field, &flags, at, left, 1);
    expect(size >= 0, "a block cannot be decoded");
    at += size;
    left -= size;
    if (flags & NGHTTP2_HD_INFLATE_EMIT) {
      octets += field.namelen + field.valuelen;
      if (wanted != NULL) {
        expect(count < wanted->count, "there are too many fields");
        const nghttp2_nv *same = &wanted->fields[count++];
        expect(same->namelen == field.namelen && memcmp(same->name, field.name, field.namelen) == 0 &&
                   same->valuelen == field.valuelen && memcmp(same->value, field.value, field.valuelen) == 0,
               "a field is another one");
      }
    }
    if (flags & NGHTTP2_HD_INFLATE_FINAL) {
      nghttp2_hd_inflate_end_headers(inflater);
      return octets;
    }
    expect(size > 0 || (flags & NGHTTP2_HD_INFLATE_EMIT), "decoding does not come to an end");
  }
}

static void encode_changing(const corpus *all, int is_fresh, tally *sum) {
  nghttp2_hd_deflater *deflater;
  nghttp2_hd_deflate_new(&deflater, TABLE_BYTES);
  for (size_t from = 0; from < all->count; from += BATCH) {
    size_t count = all->count - from < BATCH ? all->count - from : BATCH;
    const list *lists = is_fresh ? make_fresh(all, from, count) : all->lists + from;
    watch_start(sum);
    for (size_t i = 0; i < count; i++) sum->coded += deflate_list(deflater, &lists[i]);
    watch_stop(sum);
  }
  sum->count += all->count;
  sum->octets += all->octets;
  nghttp2_hd_deflate_del(deflater);
}

static void encode_repeated(const corpus *all, tally *sum) {
  const list *one = &all->lists[1];
  nghttp2_hd_deflater *deflater;
  nghttp2_hd_deflate_new(&deflater, TABLE_BYTES);
  for (int i = 0; i < SETTLING; i++) deflate_list(deflater, one);
  watch_start(sum);
  for (size_t i = 0; i < all->count; i++) sum->coded += deflate_list(deflater, one);
  watch_stop(sum);
  sum->count += all->count;
  sum->octets += all->count * one->octets;
  nghttp2_hd_deflate_del(deflater);
}

static void decode_changing(const char *kind, const corpus *all, tally *sum) {
  char name[64];
  snprintf(name, sizeof name, "hpack-%s.bin", kind);
  const recording *blocks = read_recording(name);
  nghttp2_hd_inflater *inflater;
  nghttp2_hd_inflate_new(&inflater);
  uint64_t octets = 0;
  watch_start(sum);
  for (size_t i = 0; i < blocks->count; i++) {
    octets += inflate_block(inflater, blocks->records[i].bytes, blocks->records[i].size, NULL);
  }
  watch_stop(sum);
  expect(octets == all->octets, "other fields came out");
  for (size_t i = 0; i < blocks->count; i++) sum->coded += blocks->records[i].size;
  sum->count += blocks->count;
  sum->octets += octets;
  nghttp2_hd_inflate_del(inflater);
}

static void decode_repeated(const char *kind, const corpus *all, tally *sum) {
  char name[64];
  snprintf(name, sizeof name, "hpack-%s-repeated.bin", kind);
  const recording *blocks = read_recording(name);
  const record *last = &blocks->records[blocks->count - 1];
  nghttp2_hd_inflater *inflater;
  nghttp2_hd_inflate_new(&inflater);
  for (size_t i = 0; i < blocks->count; i++) {
    inflate_block(inflater, blocks->records[i].bytes, blocks->records[i].size, &all->lists[1]);
  }
  uint64_t octets = 0;
  watch_start(sum);
  for (size_t i = 0; i < all->count; i++) octets += inflate_block(inflater, last->bytes, last->size, NULL);
  watch_stop(sum);
  expect(octets == all->count * all->lists[1].octets, "other fields came out");
  sum->coded += all->count * last->size;
  sum->count += all->count;
  sum->octets += octets;
  nghttp2_hd_inflate_del(inflater);
}

/* Encodes everything and decodes it again. */
static void check(const char *kind, const corpus *all) {
  char name[64];
  int is_new;
  snprintf(name, sizeof name, "checked %s", kind);
  known_as(name, &is_new);
  if (!is_new) return;
  nghttp2_hd_deflater *deflater;
  nghttp2_hd_inflater *inflater;
  nghttp2_hd_deflate_new(&deflater, TABLE_BYTES);
  nghttp2_hd_inflate_new(&inflater);
  for (size_t i = 0; i < all->count; i++) {
    inflate_block(inflater, out, deflate_list(deflater, &all->lists[i]), &all->lists[i]);
  }
  nghttp2_hd_deflate_del(deflater);
  nghttp2_hd_inflate_del(inflater);
}

/* `encode fresh KIND`, `encode kept KIND` or `encode reused KIND` (the same in C), `encode repeated KIND`, `decode changing KIND`, `decode repeated KIND` */
static void pass(char **words, int count, tally *sum) {
  expect(count == 3, "a case has three words");
  const corpus *all = read_lists(words[2]);
  check(words[2], all);
  int is_repeated = strcmp(words[1], "repeated") == 0;
  if (strcmp(words[0], "encode") == 0) {
    if (is_repeated) encode_repeated(all, sum);
    else encode_changing(all, strcmp(words[1], "fresh") == 0, sum);
  } else if (is_repeated) {
    decode_repeated(words[2], all, sum);
  } else {
    decode_changing(words[2], all, sum);
  }
}

int main(int argc, char **argv) {
  expect(argc == 2, "a folder is needed");
  corpus_folder = argv[1];
  return serve_rounds(pass);
}
