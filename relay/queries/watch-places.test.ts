import { expect, test } from "vitest";
import {
  WATCHES_FOR_OPERATORS,
  WATCHES_MAX,
  WATCHES_OF_ONE_MAX,
  WatchPlaces,
} from "./watch-places.ts";

const till = (place: number) => `spiffe://cardlane.dev/terminal/CORNERCOFFEE001/T${place}`;
const ADA = "spiffe://cardlane.dev/operator/ada";

test("one identity has its share, and gets it back", () => {
  const places = new WatchPlaces();
  const own = Array.from({ length: WATCHES_OF_ONE_MAX }, () => places.take(till(1), false));
  expect(() => places.take(till(1), false)).toThrow(/at most 4 watches of one identity/);
  places.take(till(2), false);
  own.pop()?.[Symbol.dispose]();
  places.take(till(1), false);
  expect(() => places.take(till(1), false)).toThrow(/at most 4/);
});

test("whoever watches, operators find a place, and they alone", () => {
  const places = new WatchPlaces();
  for (let place = 0; place < WATCHES_MAX - WATCHES_FOR_OPERATORS; place += 1) {
    places.take(till(place), false);
  }
  expect(() => places.take(till(999), false)).toThrow(/at most 180 may watch/);
  expect(() => places.take(undefined, false)).toThrow(/at most 180 may watch/);
  for (let place = 0; place < WATCHES_FOR_OPERATORS; place += 1) {
    places.take(`${ADA}${place}`, true);
  }
  expect(() => places.take(ADA, true)).toThrow(/at most 200 may watch/);
});

test("in plaintext nobody can be told apart: there is the bound of all", () => {
  const places = new WatchPlaces();
  for (let place = 0; place < WATCHES_MAX; place += 1) places.take(undefined, true);
  expect(() => places.take(undefined, true)).toThrow(/at most 200/);
});
