"""Seals card and PIN, and signs a payment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cardlane.keys.v1 import keys_pb2 as keys
from cardlane.payment.v1 import payment_pb2 as payment
from cardlane.sealing.boxes import seal_card_box, seal_pin_box
from cardlane.sealing.dsse import digest, sign
from cardlane.sealing.pin_block import encipher_pin_block
from cardlane.simulated_reader.chip_data import chip_data, stripe_data
from cardlane.strict_decode import encode

if TYPE_CHECKING:
    from cardlane.clock import Clock
    from cardlane.reader.v1 import reader_pb2 as reader
    from cardlane.sealing.certificates import ReaderCertificate, TerminalCertificate
    from cardlane.sealing.ed25519 import Signer
    from cardlane.sealing.manifest import KeptManifest, Manifest
    from cardlane.sealing.randomness import Random
    from cardlane.simulated_reader.card_reading import CardReading, EnteredPin
    from cardlane.simulated_reader.cards import Card
    from cardlane.simulated_reader.store import ReaderStore

# How long after the reader signed a payment may be submitted for the first time.
SUBMIT_WITHIN_MS = 120_000


@dataclass(frozen=True)
class PaymentSigner:
    """What a reader signs payments with."""

    certificate: ReaderCertificate
    signing: Signer
    store: ReaderStore
    manifest: KeptManifest
    clock: Clock
    random: Random

    def sign(
        self,
        prepared: reader.PreparePayment,
        terminal: TerminalCertificate,
        reading: CardReading,
        pin: EnteredPin | None,
    ) -> payment.SignedPayment:
        """Return the signed bytes, stored.

        `pin` is given exactly when the verification is an online PIN. Every durable step comes
        before what it protects: PIN key register, then counter, then the bytes. Raises PaymentError
        KEY_NOT_VALID without valid keys, ALREADY_SIGNED for an id that was.
        """
        now_ms = self.clock.now_ms()
        manifest = self.manifest.valid_at(now_ms)
        card_key = manifest.current_key(keys.KEY_PURPOSE_PROCESSOR_CARD, now_ms)
        # Known before anything is used up.
        pin_key = pin and manifest.current_key(keys.KEY_PURPOSE_PIN_SERVICE, now_ms)
        enciphered = pin and self._encipher(pin, reading.card)

        counter = self.store.take_counter(prepared.payment_id)
        context = self._context(prepared, terminal, reading, manifest)
        context.counter = counter
        context.card_key_id = card_key.key_id
        if pin and pin_key:
            context.pin_entry = pin.entry
            context.pin_key_id = pin_key.key_id
        context_bytes = encode(context)
        context_digest = digest("payment-context", context_bytes)

        reader_payment = payment.ReaderPayment(
            context=context_bytes,
            card_box=seal_card_box(
                recipient=card_key.public_key,
                context_digest=context_digest,
                card_data=encode(self._card_data(prepared, terminal, reading, counter)),
                random=self.random,
            ),
        )
        if pin_key and enciphered:
            reader_payment.pin_box = seal_pin_box(
                recipient=pin_key.public_key,
                context_digest=context_digest,
                key_serial_number=enciphered[0],
                pin_block=enciphered[1],
                random=self.random,
            )
        body = encode(reader_payment)
        signed = payment.SignedPayment(
            reader_payment=body, signature=sign("reader-payment", body, self.signing)
        )
        self.store.keep(prepared.payment_id, signed)
        return signed

    def _encipher(self, pin: EnteredPin, card: Card) -> tuple[bytes, bytes]:
        """Return key serial number and PIN block."""
        serial_number, pin_key = self.store.take_pin_key()
        block = encipher_pin_block(
            pin_key=pin_key, pin=pin.digits, pan=card.number, random=self.random
        )
        return serial_number, block

    def _context(
        self,
        prepared: reader.PreparePayment,
        terminal: TerminalCertificate,
        reading: CardReading,
        manifest: Manifest,
    ) -> payment.PaymentContext:
        """Return all of the context but counter, keys and PIN."""
        now_ms = self.clock.now_ms()
        return payment.PaymentContext(
            version=1,
            payment_id=prepared.payment_id,
            previous_payment_id=prepared.previous_payment_id,
            reader_serial=self.certificate.wire.serial,
            reader_certificate_id=self.certificate.id,
            kind=prepared.kind,
            amounts=prepared.amounts,
            currency=prepared.currency,
            accept_partial=prepared.accept_partial,
            merchant_id=terminal.wire.merchant_id,
            terminal_id=terminal.wire.terminal_id,
            terminal_certificate_id=terminal.id,
            entry_mode=reading.entry_mode,
            verification=reading.verification,
            manifest_number=manifest.number,
            reader_time_ms=now_ms,
            submit_before_ms=now_ms + SUBMIT_WITHIN_MS,
        )

    def _card_data(
        self,
        prepared: reader.PreparePayment,
        terminal: TerminalCertificate,
        reading: CardReading,
        counter: int,
    ) -> payment.CardData:
        if reading.is_stripe:
            return stripe_data(reading.card)
        return chip_data(
            reading.card,
            prepared,
            terminal,
            counter=counter,
            now_ms=self.clock.now_ms(),
            random=self.random,
        )
