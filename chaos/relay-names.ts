/** What its record numbers begin with. */
export const OTHER_RELAY_ID = "B1";
/** Its database, and the folder of its keys and of its TLS certificate. */
export const OTHER_RELAY = "other-relay";
