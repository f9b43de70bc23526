/**
 * Step 2: logging. The reactor logs its main events; `log.startLogging` shows the log.
 *
 *     deno run examples/02_logging.ts
 *
 * It prints `Log opened.` Then press Ctrl-C. The reactor's own handler of SIGINT logs
 * `Received SIGINT, shutting down.`, and the log ends with `Main loop terminated.`
 */

import { log, reactor } from "@torsion/reactor";

log.startLogging(Deno.stdout);
console.log("\nTo stop this example, press Ctrl-C\n");
await reactor.run();
