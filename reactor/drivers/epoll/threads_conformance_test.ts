import { FakeTime } from "@std/testing/time";
import { threadsConformance } from "../../../testing/conformance/threads.ts";
import { EpollReactor } from "./reactor.ts";

threadsConformance("EpollReactor", () => new EpollReactor(), FakeTime);
