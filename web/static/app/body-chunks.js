/** What a server sends while it is still making it, in pieces: the first ones as they come, for who waits to see something. */

const FIRST_CHUNKS = 8;
const CHUNK_BYTES = 256 * 1024;

/** @param {Response} response @param {AbortSignal} signal @returns {AsyncGenerator<ArrayBuffer>} throws when `signal` says so */
export async function* bodyChunks(response, signal) {
  const reader = response.body?.getReader();
  /** @type {Uint8Array[]} */
  let parts = [];
  let size = 0;
  let given = 0;
  while (reader) {
    const { done, value } = await reader.read();
    signal.throwIfAborted();
    if (value) {
      parts.push(value);
      size += value.length;
    }
    if (size >= (given < FIRST_CHUNKS ? 1 : CHUNK_BYTES) || (done && size)) {
      const joined = await new Blob(/** @type {BlobPart[]} */ (parts)).arrayBuffer();
      parts = [];
      size = 0;
      given += 1;
      yield joined;
    }
    if (done) return;
  }
}
