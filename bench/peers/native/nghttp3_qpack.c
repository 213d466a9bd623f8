/* QPACK of libnghttp3: `nghttp3_qpack FOLDER`, asked for rounds as `rounds.h` says. */
#include <nghttp3/nghttp3.h>

#define NV nghttp3_nv
#include "corpus.h"

#define TABLE_BYTES 4096
#define BLOCKED_STREAMS 100

/* How the table is used. */
typedef struct {
  size_t table_bytes;
  size_t blocked_streams;
} mode;

static mode mode_of(const char *word) {
  if (strcmp(word, "static") == 0) return (mode){0, 0};
  if (strcmp(word, "safe") == 0) return (mode){TABLE_BYTES, 0};
  expect(strcmp(word, "eager") == 0, "there is no such mode");
  return (mode){TABLE_BYTES, BLOCKED_STREAMS};
}

static nghttp3_qpack_encoder *make_encoder(mode how) {
  nghttp3_qpack_encoder *encoder;
  nghttp3_qpack_encoder_new(&encoder, how.table_bytes, nghttp3_mem_default());
  nghttp3_qpack_encoder_set_max_dtable_capacity(encoder, how.table_bytes);
  nghttp3_qpack_encoder_set_max_blocked_streams(encoder, how.blocked_streams);
  return encoder;
}

static nghttp3_qpack_decoder *make_decoder(mode how) {
  nghttp3_qpack_decoder *decoder;
  nghttp3_qpack_decoder_new(&decoder, how.table_bytes, BLOCKED_STREAMS, nghttp3_mem_default());
  return decoder;
}

static int is_same(nghttp3_rcbuf *part, const uint8_t *bytes, size_t size) {
  nghttp3_vec vec = nghttp3_rcbuf_get_buf(part);
  return vec.len == size && memcmp(vec.base, bytes, size) == 0;
}

/* Decodes a section and gives the octets of its fields; compares them with `wanted`, if that is given. */
static size_t read_section(nghttp3_qpack_decoder *decoder, int64_t stream_id, const uint8_t *at, size_t left,
                           const list *wanted) {
  nghttp3_qpack_stream_context *context;
  nghttp3_qpack_stream_context_new(&context, stream_id, nghttp3_mem_default());
  size_t octets = 0;
  size_t count = 0;
  for (;;) {
    nghttp3_qpack_nv field;
    uint8_t flags;
    nghttp3_ssize size = nghttp3_qpack_decoder_read_request(decoder, context, &field, &flags, at, left, 1);
    expect(size >= 0, "a section cannot be decoded");
    expect(!(flags & NGHTTP3_QPACK_DECODE_FLAG_BLOCKED), "a section is blocked");
    at += size;
    left -= size;
    if (flags & NGHTTP3_QPACK_DECODE_FLAG_EMIT) {
      octets += nghttp3_rcbuf_get_buf(field.name).len + nghttp3_rcbuf_get_buf(field.value).len;
      if (wanted != NULL) {
        expect(count < wanted->count, "there are too many fields");
        const nghttp3_nv *same = &wanted->fields[count++];
        expect(is_same(field.name, same->name, same->namelen) && is_same(field.value, same->value, same->valuelen),
               "a field is another one");
      }
      nghttp3_rcbuf_decref(field.name);
      nghttp3_rcbuf_decref(field.value);
    }
    if (flags & NGHTTP3_QPACK_DECODE_FLAG_FINAL) {
      nghttp3_qpack_stream_context_del(context);
      return octets;
    }
  }
}

static void read_instructions(nghttp3_qpack_decoder *decoder, const uint8_t *bytes, size_t size) {
  if (size == 0) return;
  expect(nghttp3_qpack_decoder_read_encoder(decoder, bytes, size) == (nghttp3_ssize)size,
         "the encoder stream cannot be read");
}

/* Writes what the decoder has to say, and says how much it is. */
static size_t write_answer(nghttp3_qpack_decoder *decoder, uint8_t *bytes, size_t room) {
  size_t size = nghttp3_qpack_decoder_get_decoder_streamlen(decoder);
  if (size == 0) return 0;
  expect(size <= room, "the decoder stream is too long");
  nghttp3_buf buffer = {.begin = bytes, .end = bytes + room, .pos = bytes, .last = bytes};
  nghttp3_qpack_decoder_write_decoder(decoder, &buffer);
  return size;
}

/* What the decoder answers to each section. */
typedef struct {
  uint8_t bytes[256];
  size_t size;
} answer;

/* Encodes all lists and decodes them at once; notes what the decoder answers. */
static void record_answers(const corpus *all, mode how, answer *answers) {
  nghttp3_qpack_encoder *encoder = make_encoder(how);
  nghttp3_qpack_decoder *decoder = make_decoder(how);
  nghttp3_buf prefix, lines, stream;
  nghttp3_buf_init(&prefix);
  nghttp3_buf_init(&lines);
  nghttp3_buf_init(&stream);
  uint8_t *section = malloc(65536);
  for (size_t i = 0; i < all->count; i++) {
    const list *one = &all->lists[i];
    expect(nghttp3_qpack_encoder_encode(encoder, &prefix, &lines, &stream, 4 * i, one->fields, one->count) == 0,
           "a list cannot be encoded");
    size_t size = nghttp3_buf_len(&prefix);
    memcpy(section, prefix.pos, size);
    memcpy(section + size, lines.pos, nghttp3_buf_len(&lines));
    size += nghttp3_buf_len(&lines);
    read_instructions(decoder, stream.pos, nghttp3_buf_len(&stream));
    read_section(decoder, 4 * i, section, size, one);
    answers[i].size = write_answer(decoder, answers[i].bytes, sizeof answers[i].bytes);
    if (answers[i].size > 0) nghttp3_qpack_encoder_read_decoder(encoder, answers[i].bytes, answers[i].size);
    nghttp3_buf_reset(&prefix);
    nghttp3_buf_reset(&lines);
    nghttp3_buf_reset(&stream);
  }
  free(section);
  nghttp3_buf_free(&prefix, nghttp3_mem_default());
  nghttp3_buf_free(&lines, nghttp3_mem_default());
  nghttp3_buf_free(&stream, nghttp3_mem_default());
  nghttp3_qpack_encoder_del(encoder);
  nghttp3_qpack_decoder_del(decoder);
}

/* The answers of a corpus and mode, recorded when they are first needed. */
static const answer *answers_of(const corpus *all, mode how) {
  static struct {
    const corpus *all;
    mode how;
    answer *answers;
  } recorded[16];
  static int count;
  for (int i = 0; i < count; i++) {
    if (recorded[i].all == all && recorded[i].how.table_bytes == how.table_bytes &&
        recorded[i].how.blocked_streams == how.blocked_streams) {
      return recorded[i].answers;
    }
  }
  expect(count < 16, "there are too many modes");
  answer *answers = calloc(all->count, sizeof(answer));
  record_answers(all, how, answers);
  recorded[count].all = all;
  recorded[count].how = how;
  recorded[count].answers = answers;
  count++;
  return answers;
}

static void encode(const corpus *all, mode how, int is_fresh, tally *sum) {
  const answer *answers = answers_of(all, how);
  nghttp3_qpack_encoder *encoder = make_encoder(how);
  nghttp3_buf prefix, lines, stream;
  nghttp3_buf_init(&prefix);
  nghttp3_buf_init(&lines);
  nghttp3_buf_init(&stream);
  for (size_t from = 0; from < all->count; from += BATCH) {
    size_t count = all->count - from < BATCH ? all->count - from : BATCH;
    const list *lists = is_fresh ? make_fresh(all, from, count) : all->lists + from;
    watch_start(sum);
    for (size_t i = 0; i < count; i++) {
      size_t at = from + i;
      nghttp3_qpack_encoder_encode(encoder, &prefix, &lines, &stream, 4 * at, lists[i].fields, lists[i].count);
      sum->coded += nghttp3_buf_len(&prefix) + nghttp3_buf_len(&lines) + nghttp3_buf_len(&stream);
      nghttp3_buf_reset(&prefix);
      nghttp3_buf_reset(&lines);
      nghttp3_buf_reset(&stream);
      if (answers[at].size > 0) nghttp3_qpack_encoder_read_decoder(encoder, answers[at].bytes, answers[at].size);
    }
    watch_stop(sum);
  }
  sum->count += all->count;
  sum->octets += all->octets;
  nghttp3_buf_free(&prefix, nghttp3_mem_default());
  nghttp3_buf_free(&lines, nghttp3_mem_default());
  nghttp3_buf_free(&stream, nghttp3_mem_default());
  nghttp3_qpack_encoder_del(encoder);
}

/* Decodes a recording: in turn what came on the encoder stream, and a section. */
static void decode(const char *kind, const char *mode_word, const corpus *all, tally *sum) {
  char name[64];
  uint8_t answer[256];
  snprintf(name, sizeof name, "qpack-%s-%s.bin", kind, mode_word);
  const recording *all_bytes = read_recording(name);
  nghttp3_qpack_decoder *decoder = make_decoder(mode_of(mode_word));
  uint64_t octets = 0;
  watch_start(sum);
  for (size_t i = 0; i < all_bytes->count; i += 2) {
    const record *instructions = &all_bytes->records[i];
    const record *section = &all_bytes->records[i + 1];
    read_instructions(decoder, instructions->bytes, instructions->size);
    octets += read_section(decoder, 2 * i, section->bytes, section->size, NULL);
    write_answer(decoder, answer, sizeof answer);
  }
  watch_stop(sum);
  expect(octets == all->octets, "other fields came out");
  for (size_t i = 0; i < all_bytes->count; i++) sum->coded += all_bytes->records[i].size;
  sum->count += all_bytes->count / 2;
  sum->octets += octets;
  nghttp3_qpack_decoder_del(decoder);
}

/* `encode fresh KIND MODE`, `encode kept KIND MODE` or `encode reused KIND MODE` (the same in C), `decode changing KIND MODE` */
static void pass(char **words, int count, tally *sum) {
  expect(count == 4, "a case has four words");
  const corpus *all = read_lists(words[2]);
  if (strcmp(words[0], "encode") == 0) encode(all, mode_of(words[3]), strcmp(words[1], "fresh") == 0, sum);
  else decode(words[2], words[3], all, sum);
}

int main(int argc, char **argv) {
  expect(argc == 2, "a folder is needed");
  corpus_folder = argv[1];
  return serve_rounds(pass);
}
