import { chat } from "./chat.ts";
import { checkSeeds } from "./check_seeds.ts";

Deno.test("chat keeps its invariants with 20 seeds, and reaches all of its states", () =>
  checkSeeds(chat, 20));
