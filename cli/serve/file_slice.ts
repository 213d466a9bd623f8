const CHUNK_BYTES = 64 * 1024;

/**
 * The bytes `start` to `end` of a file as a stream that opens the file when it is first read and never
 * holds more than one chunk. Fails when the file turns out shorter than it was.
 */
export function fileSlice(path: string, start: number, end: number): ReadableStream<Uint8Array> {
  let file: Deno.FsFile | undefined;
  let left = end - start;
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      try {
        if (file === undefined) {
          file = await Deno.open(path, { read: true });
          if (start > 0) await file.seek(start, Deno.SeekMode.Start);
        }
        const chunk = new Uint8Array(Math.min(CHUNK_BYTES, left));
        const count = chunk.length === 0 ? 0 : await file.read(chunk);
        if (count === null) throw new Error("Cannot send the file: it became shorter");
        left -= count;
        if (count > 0) controller.enqueue(chunk.subarray(0, count));
        if (left === 0) {
          file.close();
          controller.close();
        }
      } catch (error) {
        file?.close();
        controller.error(error);
      }
    },
    cancel(): void {
      file?.close();
    },
  }, { highWaterMark: 0 });
}
