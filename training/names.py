"""Names to exchange, so that Ember copies a name from the page instead of knowing it by heart."""

from __future__ import annotations

# ruff: noqa: SIM905 - three hundred quoted names would be three pages

FEMALE = (
    "Ada Agnes Alma Amy Anna Astrid Bella Beth Brenna Bridget Cara Clara Cora Daisy Dora Edda Edith "
    "Ella Elsa Emma Esme Esther Etta Eva Fern Flora Freya Gerda Greta Gwen Hanna Hattie Hazel Heidi "
    "Helga Hilda Ida Ines Inga Iris Isla Ivy Jane Jenny Jess Joan Judith Julia June Karin Kate Kaya "
    "Kira Lara Leah Lena Lily Linda Lisa Lottie Lucy Luna Mabel Maggie Maja Mara Maria Marta Mary "
    "Maud Maya Meg Mia Milly Mina Mira Molly Nadia Nancy Nell Nina Nora Olga Olive Paula Pearl Petra "
    "Polly Rita Rosa Rose Ruth Sally Sara Selma Signe Sofia Stella Susan Tess Thea Tilda Tova Ursula "
    "Vera Wanda Willa Wren Yara Zara Zelda Zoé Renée Chloé Noémie Saoirse Åsa Bronwen Fatima Aisha "
    "Amara Leila Mei Yuki Priya Anjali Naomi Rosalind Beatrix Cordelia Imogen Tabitha Winifred"
).split()
MALE = (
    "Abel Adam Alan Albert Alfie Amos Anton Arlo Arthur Barney Ben Bert Bill Bjorn Boris Bruno Carl "
    "Cedric Charlie Clem Colin Dan David Dirk Drew Edgar Edwin Eli Emil Eric Ernest Ezra Felix Finn "
    "Francis Frank Fred Gabe George Gil Gregor Gus Hal Hamish Hans Harald Harry Hector Henry Hugo "
    "Ian Igor Ivan Jack Jacob Jake James Jan Jed Jem Joe Joel John Jonas Josh Karl Ken Kurt Lars Leo "
    "Leon Levi Lewis Liam Louis Luca Luke Magnus Marcus Mark Max Miles Milo Ned Niall Nils Noah "
    "Olaf Oliver Omar Oscar Oskar Otis Owen Pascal Patrick Paul Percy Peter Phil Piet Ralph Ravi Rex "
    "Robin Rolf Roland Rory Rufus Sam Samuel Sven Ted Theo Thomas Tim Toby Tom Tomas Victor Walter "
    "Wilf Will Wim Yusuf Zack René José André Søren Jürgen Kwame Kofi Hiro Kenji Arjun Tariq Hassan "
    "Mateo Diego Ambrose Barnaby Cornelius Humphrey Leopold Thaddeus"
).split()
OTHER = (
    "Ash Ashby Barrow Beck Bellow Birch Blackwood Bramble Brock Burr Calder Cobb Crane Croft Dell "
    "Drummond Dunn Fenn Fennick Finch Flint Frost Gable Garrow Glim Grub Harrow Hobb Holt Hopper Kell "
    "Kestrel Larch Larkin Marlow Marsh Mott Munk Nettle Nib Nook Orrin Pell Pepper Perrin Pike Pim "
    "Pip Plum Quill Quince Rook Rowan Rusk Sable Sedge Skerry Sorrel Sparrow Stroud Tansy Tarn Teasel "
    "Thorn Tibb Tolly Tuck Tully Umber Vane Vash Wick Wilkes Wold Yarrow Zeke Zim Brindle Corvin "
    "Dorrin Eskel Farrow Hask Ildo Jarrah Korrin Lumo Morrow Nixie Odo Pebble Quillon Rasp Snick Tamsin"
).split()
