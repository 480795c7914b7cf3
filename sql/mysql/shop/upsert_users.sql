INSERT INTO users (
  user_id, gender, birth_year, city, country, signup_channel, referred_by, email, phone, registered_at,
  updated_at
) VALUES (
  %(user_id)s, %(gender)s, %(birth_year)s, %(city)s, %(country)s, %(signup_channel)s, %(referred_by)s,
  %(email)s, %(phone)s, %(registered_at)s, %(updated_at)s
) ON DUPLICATE KEY UPDATE
  gender = VALUES(gender),
  birth_year = VALUES(birth_year),
  city = VALUES(city),
  country = VALUES(country),
  signup_channel = VALUES(signup_channel),
  referred_by = VALUES(referred_by),
  email = VALUES(email),
  phone = VALUES(phone),
  registered_at = VALUES(registered_at),
  updated_at = VALUES(updated_at)
