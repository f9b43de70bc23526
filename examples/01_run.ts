/**
 * Step 1: the smallest program there is. A reactor that has nothing to do waits until it is
 * stopped.
 *
 *     deno run examples/01_run.ts
 *
 * See: one line, then nothing. Ctrl-C ends the program, with exit code 0.
 */

import { reactor } from "@torsion/reactor";

console.log("To stop this example, press Ctrl-C");
await reactor.run();
