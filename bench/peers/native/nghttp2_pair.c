/*
 * A client and a server of libnghttp2 that answer each other in one thread: `nghttp2_pair batch|frame`, asked
 * for rounds as `rounds.h` says.
 *
 * `batch` drives them as nghttp2's own programs do: the frames of a turn are gathered into one buffer, which
 * the other side receives at once. `frame` hands each frame over as soon as it is made, without a copy.
 */
#include <nghttp2/nghttp2.h>

#include "rounds.h"

#define MIB (1 << 20)
#define CONCURRENT 100
#define MAX_FIELDS 16
#define OUT_BYTES 65536
#define FRAME_HEADER 9

static nghttp2_session *client;
static nghttp2_session *server;
static int is_batch;

static uint8_t out[OUT_BYTES];
static size_t out_size;

static uint8_t *body;
static size_t body_size;
static char body_text[16];

/* What the two sides have seen. */
static uint64_t field_octets;
static uint64_t body_octets;
static uint64_t wire_octets;
static uint64_t done;

#define FIELD(name, value) \
  { (uint8_t *)(name), (uint8_t *)(value), sizeof(name) - 1, sizeof(value) - 1, \
    NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE }

/* The place of the path in the lists below. */
#define PATH 3

static const nghttp2_nv short_fields[] = {
    FIELD(":method", "GET"),
    FIELD(":scheme", "https"),
    FIELD(":authority", "a.example"),
    FIELD(":path", "/hello"),
};

static const nghttp2_nv browser_fields[] = {
    FIELD(":method", "GET"),
    FIELD(":scheme", "https"),
    FIELD(":authority", "a.example"),
    FIELD(":path", "/hello"),
    FIELD("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    FIELD("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    FIELD("accept-language", "en-GB,en;q=0.5"),
    FIELD("accept-encoding", "gzip, deflate, br, zstd"),
    FIELD("referer", "https://a.example/start"),
    FIELD("cookie", "session=0123456789abcdef0123456789abcdef"),
    FIELD("sec-fetch-dest", "document"),
    FIELD("sec-fetch-mode", "navigate"),
    FIELD("sec-fetch-site", "same-origin"),
    FIELD("te", "trailers"),
};

static nghttp2_nv response_fields[] = {
    FIELD(":status", "200"),
    FIELD("content-type", "text/plain"),
    FIELD("content-length", ""),
};

/* Gathers octets; how much room there was is known. */
static void gather(const uint8_t *bytes, size_t size) {
  memcpy(out + out_size, bytes, size);
  out_size += size;
}

/* The state of a body is how much of it was sent: no memory of its own. */
static ssize_t read_body(nghttp2_session *session, int32_t stream_id, uint8_t *buffer, size_t length,
                         uint32_t *flags, nghttp2_data_source *source, void *user_data) {
  size_t left = body_size - source->fd;
  size_t size = left < length ? left : length;
  if (size == left) *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (is_batch) {
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  } else {
    memcpy(buffer, body + source->fd, size);
    source->fd += size;
  }
  return size;
}

/* Copies a piece of a body to where it is sent from, once. */
static int send_body(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *header, size_t length,
                     nghttp2_data_source *source, void *user_data) {
  if (out_size + FRAME_HEADER + length > OUT_BYTES) return NGHTTP2_ERR_WOULDBLOCK;
  gather(header, FRAME_HEADER);
  gather(body + source->fd, length);
  source->fd += length;
  return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_size,
                     const uint8_t *value, size_t value_size, uint8_t flags, void *user_data) {
  field_octets += name_size + value_size;
  return 0;
}

static int on_request(nghttp2_session *session, const nghttp2_frame *frame, void *user_data) {
  if (frame->hd.type != NGHTTP2_HEADERS || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) return 0;
  nghttp2_data_provider provider = {.source = {.fd = 0}, .read_callback = read_body};
  return nghttp2_submit_response(session, frame->hd.stream_id, response_fields,
                                 sizeof response_fields / sizeof response_fields[0], &provider);
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *bytes, size_t size,
                   void *user_data) {
  body_octets += size;
  return 0;
}

static int on_close(nghttp2_session *session, int32_t stream_id, uint32_t code, void *user_data) {
  expect(code == 0, "a stream was reset");
  done++;
  return 0;
}

static void receive(nghttp2_session *session, const uint8_t *bytes, size_t size) {
  wire_octets += size;
  expect(nghttp2_session_mem_recv(session, bytes, size) == (ssize_t)size, "octets cannot be received");
}

/* Carries what one side has to say to the other; says whether it was anything. */
static int carry(nghttp2_session *from, nghttp2_session *to) {
  const uint8_t *frame;
  ssize_t size;
  int has_moved = 0;
  if (!is_batch) {
    while ((size = nghttp2_session_mem_send(from, &frame)) > 0) {
      receive(to, frame, size);
      has_moved = 1;
    }
    return has_moved;
  }
  for (;;) {
    /* A frame that does not fit any more is kept in the library until the next call. */
    while (out_size < OUT_BYTES / 2 && (size = nghttp2_session_mem_send(from, &frame)) > 0) gather(frame, size);
    if (out_size == 0) return has_moved;
    receive(to, out, out_size);
    out_size = 0;
    has_moved = 1;
  }
}

static void run(void) {
  while (carry(client, server) | carry(server, client)) {
  }
}

static void set_body(uint8_t *bytes, size_t size) {
  if (body != NULL && body_size == size) return;
  body = bytes;
  body_size = size;
  response_fields[2].value = (uint8_t *)body_text;
  response_fields[2].valuelen = snprintf(body_text, sizeof body_text, "%zu", size);
}

static char paths[CONCURRENT][32];
static uint64_t serial;

/* Makes a path of its own for one of the requests; it must stay until the frame is made. */
static size_t unique_path(char *path) {
  char digits[20];
  int count = 0;
  for (uint64_t rest = serial++; count == 0 || rest > 0; rest /= 10) digits[count++] = '0' + rest % 10;
  memcpy(path, "/hello?id=", 10);
  for (int i = 0; i < count; i++) path[10 + i] = digits[count - 1 - i];
  return 10 + count;
}

static void exchange(const nghttp2_nv *fields, size_t count, int is_unique, int requests) {
  nghttp2_nv own[MAX_FIELDS];
  memcpy(own, fields, count * sizeof(nghttp2_nv));
  for (int i = 0; i < requests; i++) {
    if (is_unique) {
      own[PATH].value = (uint8_t *)paths[i];
      own[PATH].valuelen = unique_path(paths[i]);
    }
    expect(nghttp2_submit_request(client, NULL, own, count, NULL, NULL) > 0, "a request cannot be made");
  }
  run();
}

/* `same`, `unique`, `browser` or `mib`: so many requests at once, again and again. */
static void pass(char **words, int count, tally *sum) {
  static uint8_t hello[] = "Hello world\n";
  static uint8_t *large;
  if (large == NULL) large = memset(malloc(MIB), 120, MIB);
  expect(count == 1, "a case is one word");
  int is_large = strcmp(words[0], "mib") == 0;
  int is_browser = strcmp(words[0], "browser") == 0;
  int is_unique = is_browser || strcmp(words[0], "unique") == 0;
  int requests = is_large ? 4 : CONCURRENT;
  int turns = is_large ? 10 : 100;
  set_body(is_large ? large : hello, is_large ? MIB : sizeof hello - 1);
  const nghttp2_nv *fields = is_browser ? browser_fields : short_fields;
  size_t fields_count = (is_browser ? sizeof browser_fields : sizeof short_fields) / sizeof(nghttp2_nv);
  done = body_octets = wire_octets = 0;
  watch_start(sum);
  for (int i = 0; i < turns; i++) exchange(fields, fields_count, is_unique, requests);
  watch_stop(sum);
  uint64_t wanted = (uint64_t)turns * requests;
  expect(done == wanted && body_octets == wanted * body_size, "not every exchange came to its end");
  sum->count += wanted;
  sum->octets += body_octets;
  sum->coded += wire_octets;
}

static nghttp2_session *make_session(int is_server) {
  nghttp2_session_callbacks *callbacks;
  nghttp2_session *session;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  if (is_server) {
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_request);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, send_body);
    nghttp2_session_server_new(&session, callbacks, NULL);
  } else {
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_client_new(&session, callbacks, NULL);
  }
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 16 * MIB},
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1000},
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
  };
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, is_server ? 2 : 3);
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, 64 * MIB);
  return session;
}

int main(int argc, char **argv) {
  expect(argc == 2, "batch or frame");
  is_batch = strcmp(argv[1], "batch") == 0;
  client = make_session(0);
  server = make_session(1);
  run();
  return serve_rounds(pass);
}
