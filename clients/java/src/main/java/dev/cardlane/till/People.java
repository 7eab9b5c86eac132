package dev.cardlane.till;

import dev.cardlane.reader.v1.CardRead;
import dev.cardlane.terminal.v1.ConfirmPayment;
import dev.cardlane.terminal.v1.PayResponse;

/** Whoever takes the money and whoever holds the card. What they throw cancels the payment. */
interface People {
  /** Notice something that happened. */
  void see(PayResponse event);

  /** Put the card to the reader. */
  void presentCard();

  /** Go on with the card that was read. */
  ConfirmPayment confirm(CardRead card);

  /** Type the PIN on the reader's own keys. */
  void typePin();
}
