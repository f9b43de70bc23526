/**
 * The server of `echo_server.ts` on the reactor of `./epoll`. Linux only.
 *
 * Usage: `deno run --allow-net --allow-ffi bench/echo_server_epoll.ts PORT [buffered | hello]`
 *
 * @module
 */

import { EpollReactor } from "../reactor/drivers/epoll/mod.ts";
import { installReactor } from "../reactor/mod.ts";

installReactor(new EpollReactor());
await import("./echo_server.ts");
