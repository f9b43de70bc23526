import { FakeTime } from "@std/testing/time";
import { threadsConformance } from "../../../testing/conformance/threads.ts";
import { DenoReactor } from "./reactor.ts";

threadsConformance("DenoReactor", () => new DenoReactor(), FakeTime);
