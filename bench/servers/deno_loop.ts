/**
 * An echo server as people write it on `Deno.listen`. With `hello`, it sends a greeting and closes
 * instead.
 *
 * Usage: `deno run --allow-net bench/servers/deno_loop.ts PORT [hello]`
 *
 * @module
 */

const greeting = new TextEncoder().encode("Hello Twisted");
const [port, hello] = Deno.args;

async function serve(conn: Deno.TcpConn): Promise<void> {
  using _closed = conn;
  if (hello !== undefined) {
    await conn.write(greeting);
    return;
  }
  conn.setNoDelay(true);
  const buffer = new Uint8Array(65536);
  for (let read = await conn.read(buffer); read !== null; read = await conn.read(buffer)) {
    for (let sent = 0; sent < read;) sent += await conn.write(buffer.subarray(sent, read));
  }
}

const listener = Deno.listen({ port: Number(port), hostname: "127.0.0.1" });
console.log(`listening on ${listener.addr.port}`);
for await (const conn of listener) {
  serve(conn).catch((error: unknown) => console.error("connection lost:", error));
}
