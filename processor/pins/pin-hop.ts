/** What stands in a hop box between processor and PIN service where else a relay's id does. */
export const PIN_HOP_ID = "PN";

/** cardlane.pin.v1.PinBox.sealed. */
export const PIN_BOX_BYTES_MAX = 262_144;

/** cardlane.pin.v1.PinVerifications. */
export const PIN_VERIFICATIONS_MAX = 256;
