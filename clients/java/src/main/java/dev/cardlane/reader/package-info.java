/**
 * A reader without a card slot: it presents one published test card by itself. It is not certified,
 * and no real card belongs in it.
 */
package dev.cardlane.reader;
