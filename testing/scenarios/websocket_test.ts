import { explore } from "../simulation/mod.ts";
import { scenario, states } from "./websocket.ts";

Deno.test("WebSocketProtocol keeps messages and closing handshakes complete, with 60 seeds", async () => {
  await explore({ scenario, sometimes: states, seeds: 60 });
});
