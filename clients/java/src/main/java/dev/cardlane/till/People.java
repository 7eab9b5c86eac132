package dev.cardlane.till;

import cardlane.reader.v1.Reader.CardRead;
import cardlane.terminal.v1.Terminal.ConfirmPayment;
import cardlane.terminal.v1.Terminal.PayResponse;

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
