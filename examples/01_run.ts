/**
 * Step 1: the smallest program. The reactor has nothing to do and waits until it is stopped.
 *
 *     deno run examples/01_run.ts
 *
 * It prints one line, and then waits. Ctrl-C ends the program with exit code 0.
 */

import { reactor } from "@torsion/reactor";

console.log("To stop this example, press Ctrl-C");
await reactor.run();
