// Written by tools/fit_coefficients.py: change that, not this.
//
// Polynomials with the lowest power first, and constants in parts, for each dtype.
#pragma once

namespace {

template <bool Single>
struct Coefficients;

// What the exponential needs with so many powers of two in a table.
template <bool Single, int Steps>
struct Exponential;

template <>
struct Coefficients<true> {
  // ln 2: the first part leaves room for an exact product with any exponent.
  static constexpr float LN2[] = {
      0x1.62e400p-1f,
      0x1.7f7d1cp-20f,
  };

  // π/2: two parts with all bits, and the rest.
  static constexpr float HALF_PI[] = {
      0x1.921fb4p+0f,
      0x1.4442d0p-24f,
      0x1.84698ap-48f,
  };

  // a.
  static constexpr float NORMAL_SHIFT = 0x1.400000p+2f;

  // (2 artanh(s)/s − 2)/s² in s², for |s| ≤ (√2 − 1)/(√2 + 1).
  // On [0.0, 0.0294431], degree 3; largest error 4.44e-10 = 2^-31.07,
  // relative to 2 artanh(s).
  static constexpr float LOG[] = {
      0x1.555554p-1f,
      0x1.999a7ap-2f,
      0x1.2438cep-2f,
      0x1.e2f7dcp-3f,
  };

  // the same for 0 ≤ s ≤ 1/3.
  // On [0.0, 0.111122], degree 5; largest error 1.35e-9 = 2^-29.46,
  // relative to 2 artanh(s).
  static constexpr float LOG_UP_TO_2[] = {
      0x1.555556p-1f,
      0x1.9999bep-2f,
      0x1.248a56p-2f,
      0x1.c8bc36p-3f,
      0x1.5f2f00p-3f,
      0x1.be52acp-3f,
  };

  // (sin(r) − r)/r³ in r², for |r| ≤ π/4.
  // On [0.0, 0.629249], degree 3; largest error 3.65e-9 = 2^-28.03,
  // relative to sin(r).
  static constexpr float SIN[] = {
      -0x1.555556p-3f,
      0x1.111108p-7f,
      -0x1.a00f12p-13f,
      0x1.6cb806p-19f,
  };

  // (cos(r) − 1 + r²/2)/r⁴ in r², for |r| ≤ π/4.
  // On [0.0, 0.629249], degree 2; largest error 8.08e-10 = 2^-30.2,
  // relative to cos(r).
  static constexpr float COS[] = {
      0x1.55554ap-5f,
      -0x1.6c0bc4p-10f,
      0x1.99cb86p-16f,
  };

  // (t + a) exp(t²/2) Φ(−t) in (t − a)/(t + a), for t ≥ 1 as far as Φ(−t) is not 0.
  // On [-0.666944, 0.5], degree 9; largest error 1.19e-8 = 2^-26.33,
  // relative to the function.
  static constexpr float NORMAL[] = {
      0x1.89d3acp-1f,
      -0x1.54ad04p-1f,
      0x1.fb3168p-2f,
      -0x1.410ed4p-2f,
      0x1.51f5c8p-3f,
      -0x1.1b1cd0p-4f,
      0x1.54d738p-6f,
      -0x1.8789bap-9f,
      -0x1.b4fa8ap-11f,
      0x1.0e9dfap-11f,
  };

  // (Φ(z) − ½)/z in z², for |z| ≤ 1.
  // On [0.0, 1.0], degree 5; largest error 8.23e-8 = 2^-23.54,
  // relative to Φ(−|z|).
  static constexpr float NORMAL_CENTRE[] = {
      0x1.988454p-2f,
      -0x1.105826p-4f,
      0x1.46cc3ep-7f,
      -0x1.36d8b0p-10f,
      0x1.d9c182p-14f,
      -0x1.f4d3c6p-18f,
  };
};

template <>
struct Exponential<true, 1> {
  // 2^(i/1); then the same with i/1 of an exponent taken from the bits.
  alignas(64) static constexpr float POWERS[] = {
      0x1.000000p+0f,
  };

  alignas(64) static constexpr float BARE_POWERS[] = {
      0x1.000000p+0f,
  };

  // (exp(r) − 1 − r)/r² for |r| ≤ ln(2)/2.
  // On [-0.346608, 0.346608], degree 4; largest error 1.69e-8 = 2^-25.82,
  // relative to exp(r) − 1.
  static constexpr float POLYNOMIAL[] = {
      0x1.fffffep-2f,
      0x1.5554b0p-3f,
      0x1.555674p-5f,
      0x1.122774p-7f,
      0x1.6bec2cp-10f,
  };
};

template <>
struct Exponential<true, 8> {
  // 2^(i/8); then the same with i/8 of an exponent taken from the bits.
  alignas(64) static constexpr float POWERS[] = {
      0x1.000000p+0f,
      0x1.172b84p+0f,
      0x1.306fe0p+0f,
      0x1.4bfdaep+0f,
      0x1.6a09e6p+0f,
      0x1.8ace54p+0f,
      0x1.ae89fap+0f,
      0x1.d5818ep+0f,
  };

  alignas(64) static constexpr float BARE_POWERS[] = {
      0x1.000000p+0f,
      0x1.f72b84p-1f,
      0x1.f06fe0p-1f,
      0x1.ebfdaep-1f,
      0x1.ea09e6p-1f,
      0x1.eace54p-1f,
      0x1.ee89fap-1f,
      0x1.f5818ep-1f,
  };

  // (exp(r) − 1 − r)/r² for |r| ≤ ln(2)/16.
  // On [-0.043326, 0.043326], degree 1; largest error 2.58e-8 = 2^-25.21,
  // relative to exp(r).
  static constexpr float POLYNOMIAL[] = {
      0x1.000874p-1f,
      0x1.555656p-3f,
  };
};

template <>
struct Exponential<true, 16> {
  // 2^(i/16); then the same with i/16 of an exponent taken from the bits.
  alignas(64) static constexpr float POWERS[] = {
      0x1.000000p+0f,
      0x1.0b5586p+0f,
      0x1.172b84p+0f,
      0x1.2387a6p+0f,
      0x1.306fe0p+0f,
      0x1.3dea64p+0f,
      0x1.4bfdaep+0f,
      0x1.5ab07ep+0f,
      0x1.6a09e6p+0f,
      0x1.7a1148p+0f,
      0x1.8ace54p+0f,
      0x1.9c4918p+0f,
      0x1.ae89fap+0f,
      0x1.c199bep+0f,
      0x1.d5818ep+0f,
      0x1.ea4afap+0f,
  };

  alignas(64) static constexpr float BARE_POWERS[] = {
      0x1.000000p+0f,
      0x1.fb5586p-1f,
      0x1.f72b84p-1f,
      0x1.f387a6p-1f,
      0x1.f06fe0p-1f,
      0x1.edea64p-1f,
      0x1.ebfdaep-1f,
      0x1.eab07ep-1f,
      0x1.ea09e6p-1f,
      0x1.ea1148p-1f,
      0x1.eace54p-1f,
      0x1.ec4918p-1f,
      0x1.ee89fap-1f,
      0x1.f199bep-1f,
      0x1.f5818ep-1f,
      0x1.fa4afap-1f,
  };

  // (exp(r) − 1 − r)/r² for |r| ≤ ln(2)/32.
  // On [-0.021663, 0.021663], degree 1; largest error 1.6e-9 = 2^-29.22,
  // relative to exp(r).
  static constexpr float POLYNOMIAL[] = {
      0x1.00021ep-1f,
      0x1.55559ap-3f,
  };
};

template <>
struct Coefficients<false> {
  // ln 2: the first part leaves room for an exact product with any exponent.
  static constexpr double LN2[] = {
      0x1.62e42fefa3000p-1,
      0x1.3de6af278ece6p-42,
  };

  // π/2: two parts with all bits, and the rest.
  static constexpr double HALF_PI[] = {
      0x1.921fb54442d18p+0,
      0x1.1a62633145c06p-54,
      0x1.c1cd129024e09p-107,
  };

  // a.
  static constexpr double NORMAL_SHIFT = 0x1.4000000000000p+2;

  // (2 artanh(s)/s − 2)/s² in s², for |s| ≤ (√2 − 1)/(√2 + 1).
  // On [0.0, 0.0294431], degree 6; largest error 1.96e-18 = 2^-58.83,
  // relative to 2 artanh(s).
  static constexpr double LOG[] = {
      0x1.5555555555592p-1,
      0x1.999999997fd37p-2,
      0x1.24924941f8cebp-2,
      0x1.c71c5202b3787p-3,
      0x1.7466405bf049ep-3,
      0x1.39a19334c636dp-3,
      0x1.2f0705827d8dfp-3,
  };

  // the same for 0 ≤ s ≤ 1/3.
  // On [0.0, 0.111122], degree 11; largest error 1.95e-18 = 2^-58.83,
  // relative to 2 artanh(s).
  static constexpr double LOG_UP_TO_2[] = {
      0x1.5555555555555p-1,
      0x1.99999999999c2p-2,
      0x1.24924924902e2p-2,
      0x1.c71c71c8db5f2p-3,
      0x1.745d16d961503p-3,
      0x1.3b13c1f2ec800p-3,
      0x1.110f5a5932398p-3,
      0x1.e21efb305e88bp-4,
      0x1.ac4382d536936p-4,
      0x1.9d77c3137af33p-4,
      0x1.dae237dc6bd3ap-5,
      0x1.48d91f4d78f81p-3,
  };

  // (sin(r) − r)/r³ in r², for |r| ≤ π/4.
  // On [0.0, 0.629249], degree 5; largest error 8.69e-18 = 2^-56.68,
  // relative to sin(r).
  static constexpr double SIN[] = {
      -0x1.5555555555547p-3,
      0x1.111111110f52ap-7,
      -0x1.a01a019ba68c8p-13,
      0x1.71de351a19231p-19,
      -0x1.ae5e1c59c9cc3p-26,
      0x1.5d7d6d757d55cp-33,
  };

  // (cos(r) − 1 + r²/2)/r⁴ in r², for |r| ≤ π/4.
  // On [0.0, 0.629249], degree 5; largest error 1.36e-18 = 2^-59.35,
  // relative to cos(r).
  static constexpr double COS[] = {
      0x1.5555555555549p-5,
      -0x1.6c16c16c14c8ap-10,
      0x1.a01a019c374d2p-16,
      -0x1.27e4f7b23ef40p-22,
      0x1.1ee9b0ba8a372p-29,
      -0x1.8f90272fed1d2p-37,
  };

  // (t + a) exp(t²/2) Φ(−t) in (t − a)/(t + a), for t ≥ 1 as far as Φ(−t) is not 0.
  // On [-0.666944, 0.772727], degree 19; largest error 6.14e-17 = 2^-53.85,
  // relative to the function.
  static constexpr double NORMAL[] = {
      0x1.89d3abe1f95aep-1,
      -0x1.54ad03f27ca1dp-1,
      0x1.fb31653876f52p-2,
      -0x1.410ed5f875465p-2,
      0x1.51f6329f032ddp-3,
      -0x1.1b1c254cd4988p-4,
      0x1.54b4d4f3b07e0p-6,
      -0x1.88590e2abbe3bp-9,
      -0x1.a25036a94e870p-11,
      0x1.1daf0a1baef97p-11,
      -0x1.f214a43e74d23p-15,
      -0x1.a16a06a36b450p-15,
      0x1.17dc7011da47ap-16,
      0x1.0a6ae7a1a862ap-18,
      -0x1.734fbcf746060p-19,
      -0x1.50d33a38ccfbdp-22,
      0x1.c74eb10075b63p-22,
      0x1.061f5349394c4p-26,
      -0x1.c3c58a15e6dd0p-25,
      0x1.7c0d449fb14e9p-28,
  };

  // (Φ(z) − ½)/z in z², for |z| ≤ 1.
  // On [0.0, 1.0], degree 10; largest error 1.96e-16 = 2^-52.18,
  // relative to Φ(−|z|).
  static constexpr double NORMAL_CENTRE[] = {
      0x1.9884533d43651p-2,
      -0x1.1058377e2ced7p-4,
      0x1.46d0429768b19p-7,
      -0x1.37403f6b7b14cp-10,
      0x1.e42b0d431065dp-14,
      -0x1.3ce8f8ebf1464p-17,
      0x1.6589d747fc722p-21,
      -0x1.621aabb05c21dp-25,
      0x1.37f09e88212c1p-29,
      -0x1.e527a0cf5bfdcp-34,
      0x1.1a490eb5c4e5ap-38,
  };
};

template <>
struct Exponential<false, 1> {
  // 2^(i/1); then the same with i/1 of an exponent taken from the bits.
  alignas(64) static constexpr double POWERS[] = {
      0x1.0000000000000p+0,
  };

  alignas(64) static constexpr double BARE_POWERS[] = {
      0x1.0000000000000p+0,
  };

  // (exp(r) − 1 − r)/r² for |r| ≤ ln(2)/2.
  // On [-0.346608, 0.346608], degree 9; largest error 3.41e-17 = 2^-54.7,
  // relative to exp(r) − 1.
  static constexpr double POLYNOMIAL[] = {
      0x1.0000000000005p-1,
      0x1.5555555555539p-3,
      0x1.55555555522b8p-5,
      0x1.1111111118fb5p-7,
      0x1.6c16c17edb7e6p-10,
      0x1.a01a017510664p-13,
      0x1.a019a76fbfe91p-16,
      0x1.71de8812b285ap-19,
      0x1.28a1df87dc213p-22,
      0x1.ae6b9265db5a8p-26,
  };
};

template <>
struct Exponential<false, 16> {
  // 2^(i/16); then the same with i/16 of an exponent taken from the bits.
  alignas(64) static constexpr double POWERS[] = {
      0x1.0000000000000p+0,
      0x1.0b5586cf9890fp+0,
      0x1.172b83c7d517bp+0,
      0x1.2387a6e756238p+0,
      0x1.306fe0a31b715p+0,
      0x1.3dea64c123422p+0,
      0x1.4bfdad5362a27p+0,
      0x1.5ab07dd485429p+0,
      0x1.6a09e667f3bcdp+0,
      0x1.7a11473eb0187p+0,
      0x1.8ace5422aa0dbp+0,
      0x1.9c49182a3f090p+0,
      0x1.ae89f995ad3adp+0,
      0x1.c199bdd85529cp+0,
      0x1.d5818dcfba487p+0,
      0x1.ea4afa2a490dap+0,
  };

  alignas(64) static constexpr double BARE_POWERS[] = {
      0x1.0000000000000p+0,
      0x1.fb5586cf9890fp-1,
      0x1.f72b83c7d517bp-1,
      0x1.f387a6e756238p-1,
      0x1.f06fe0a31b715p-1,
      0x1.edea64c123422p-1,
      0x1.ebfdad5362a27p-1,
      0x1.eab07dd485429p-1,
      0x1.ea09e667f3bcdp-1,
      0x1.ea11473eb0187p-1,
      0x1.eace5422aa0dbp-1,
      0x1.ec49182a3f090p-1,
      0x1.ee89f995ad3adp-1,
      0x1.f199bdd85529cp-1,
      0x1.f5818dcfba487p-1,
      0x1.fa4afa2a490dap-1,
  };

  // (exp(r) − 1 − r)/r² for |r| ≤ ln(2)/32.
  // On [-0.021663, 0.021663], degree 4; largest error 1.16e-17 = 2^-56.26,
  // relative to exp(r).
  static constexpr double POLYNOMIAL[] = {
      0x1.fffffffffffb8p-2,
      0x1.555555548f771p-3,
      0x1.55555559051a1p-5,
      0x1.11123abc2d016p-7,
      0x1.6c14c11e879a7p-10,
  };
};

}  // namespace
