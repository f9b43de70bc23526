/**
 * The server of `torsion_server.ts` on the reactor of `./epoll`, for `websocket.ts`. Linux only.
 *
 * @module
 */

import { EpollReactor } from "../../reactor/drivers/epoll/mod.ts";
import { installReactor } from "../../reactor/mod.ts";

installReactor(new EpollReactor());
await import("./torsion_server.ts");
