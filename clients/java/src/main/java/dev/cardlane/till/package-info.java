/** A till: drives a terminal, and asks a relay what became of a payment. */
package dev.cardlane.till;
