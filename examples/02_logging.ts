/**
 * Step 2: logging. The reactor says what it does; `log.startLogging` shows it.
 *
 *     deno run examples/02_logging.ts
 *
 * See: `Log opened.`; then press Ctrl-C and see the reactor's own handler of SIGINT at work:
 * `Received SIGINT, shutting down.`, and `Main loop terminated.`
 */

import { log, reactor } from "@torsion/reactor";

// Log to standard output
log.startLogging(Deno.stdout);
console.log("\nTo stop this example, press Ctrl-C\n");
await reactor.run();
