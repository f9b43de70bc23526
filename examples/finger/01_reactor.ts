/**
 * Finger, step 1: a reactor without any work. The port of the next steps refuses connections,
 * because no program listens on it.
 *
 *     deno run examples/finger/01_reactor.ts
 *
 * Try it: `nc -v 127.0.0.1 1079` reports that the connection was refused. Ctrl-C stops the program.
 */

import { reactor } from "@torsion/reactor";

await reactor.run();
