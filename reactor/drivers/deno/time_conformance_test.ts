import { FakeTime } from "@std/testing/time";
import { timeConformance } from "../../../testing/conformance/time.ts";
import { DenoReactor } from "./reactor.ts";

timeConformance("DenoReactor", () => new DenoReactor(), FakeTime);
